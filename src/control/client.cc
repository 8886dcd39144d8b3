#include "control/client.h"

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "control/error_document.h"
#include "control/socket_path.h"

namespace wherry::control {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Local = asio::local::stream_protocol;
using Stream = beast::basic_stream<Local>;
using base::Error;
using base::ErrorKind;

constexpr std::uint64_t largest_answer = 64U << 20U;

struct Exchange {
  boost::system::error_code error;
  Response response;
};

asio::awaitable<void> exchange(Stream& stream, const Request& request,
                               std::chrono::milliseconds patience, Exchange& result) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.path);
  message.set(http::field::host, "localhost");
  message.set(http::field::content_type, "application/json");
  message.keep_alive(false);
  message.body() = request.body;
  message.prepare_payload();
  stream.expires_after(patience);
  co_await http::async_write(stream, message,
                             asio::redirect_error(asio::use_awaitable, result.error));
  // A server that refuses a long body answers before it was sent.
  const bool may_have_answered = !result.error || result.error == asio::error::broken_pipe;
  if (!may_have_answered) co_return;
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(largest_answer);
  co_await http::async_read(stream, buffer, parser,
                            asio::redirect_error(asio::use_awaitable, result.error));
  if (result.error) co_return;
  result.response = {static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace

std::optional<Response> call(const std::filesystem::path& socket, const Request& request,
                             std::chrono::milliseconds patience) {
  check_socket_path(socket);
  const std::string where = base::printable(socket.string());
  asio::io_context io{1};
  Stream stream(io);
  boost::system::error_code connected;
  stream.socket().connect(Local::endpoint(socket.string()), connected);
  if (connected == boost::system::errc::no_such_file_or_directory ||
      connected == boost::system::errc::connection_refused ||
      connected == boost::system::errc::not_a_directory) {
    return std::nullopt;
  }
  if (connected == boost::system::errc::permission_denied) {
    throw Error(ErrorKind::rejected, "control.denied",
                "the running migration belongs to another user", where);
  }
  if (connected) {
    throw Error(ErrorKind::connection_lost, "control.lost",
                "the running migration cannot be reached: " + connected.message(), where);
  }
  Exchange result;
  asio::co_spawn(io, exchange(stream, request, patience, result), asio::detached);
  io.run();
  if (result.error == beast::error::timeout) {
    throw Error(ErrorKind::transient, "control.timeout", "the running migration does not answer",
                where);
  }
  if (result.error) {
    throw Error(ErrorKind::connection_lost, "control.lost",
                "the running migration broke off its answer: " + result.error.message(), where);
  }
  return std::move(result.response);
}

std::optional<nlohmann::json> call_json(const std::filesystem::path& socket, const Request& request,
                                        std::chrono::milliseconds patience) {
  const std::optional<Response> response = call(socket, request, patience);
  if (!response) return std::nullopt;
  nlohmann::json document = nlohmann::json::parse(response->body, nullptr, false);
  if (const std::optional<Error> error = error_in(document)) throw *error;
  if (document.is_discarded() || response->status != 200) {
    throw Error(ErrorKind::internal, "control.answer",
                "the running migration answered what is not understood",
                "status " + std::to_string(response->status));
  }
  return document;
}

}  // namespace wherry::control
