#include "control/server.h"

#include <chrono>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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

constexpr std::size_t largest_body = 1U << 20U;
constexpr std::chrono::seconds client_patience{10};
constexpr std::chrono::milliseconds pause_after_failed_accept{100};

[[noreturn]] void throw_socket(const std::filesystem::path& socket, const std::string& what) {
  throw Error(ErrorKind::rejected, "control.socket", "the local socket cannot be made: " + what,
              base::printable(socket.string()));
}

// True if a process listens there.
bool somebody_listens(const std::filesystem::path& socket) {
  asio::io_context io;
  Local::socket probe(io);
  boost::system::error_code error;
  probe.connect(Local::endpoint(socket.string()), error);
  return !error;
}

void clear_way(const std::filesystem::path& socket) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(socket, error);
  if (!std::filesystem::exists(status)) return;
  if (!std::filesystem::is_socket(status)) {
    throw Error(ErrorKind::rejected, "control.not_a_socket",
                "something that is no socket stands where the local socket belongs",
                base::printable(socket.string()));
  }
  if (somebody_listens(socket)) {
    throw Error(ErrorKind::rejected, "control.in_use",
                "another process listens on the local socket", base::printable(socket.string()));
  }
  std::filesystem::remove(socket, error);
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    throw_socket(folder, std::generic_category().message(errno));
  }
}

bool is_owner(Local::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

Response error_response(const Error& error) {
  int status = 500;
  if (error.kind() == ErrorKind::rejected) status = 409;
  if (error.kind() == ErrorKind::not_supported) status = 501;
  return {status,
          error_document(error).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

Response answer(const Handler& handler, const Request& request) {
  try {
    return handler(request);
  } catch (const Error& e) {
    return error_response(e);
  } catch (const std::exception& e) {
    return error_response(Error(ErrorKind::internal, "internal", e.what()));
  }
}

// One request a connection: clients are commands that ask once.
asio::awaitable<void> serve(Stream stream, const Handler& handler) {
  boost::system::error_code error;
  beast::flat_buffer buffer;
  http::request_parser<http::string_body> parser;
  parser.body_limit(largest_body);
  stream.expires_after(client_patience);
  co_await http::async_read(stream, buffer, parser,
                            asio::redirect_error(asio::use_awaitable, error));
  Response response;
  unsigned version = 11;
  if (error == http::error::body_limit) {
    response = error_response(
        Error(ErrorKind::rejected, "control.too_large", "the request is larger than 1 MiB"));
  } else if (error) {
    co_return;
  } else {
    const auto& message = parser.get();
    version = message.version();
    response = answer(handler, {std::string(message.method_string()), std::string(message.target()),
                                message.body()});
  }
  http::response<http::string_body> reply;
  reply.version(version);
  reply.result(static_cast<unsigned>(response.status));
  reply.set(http::field::content_type, "application/json");
  reply.keep_alive(false);
  reply.body() = std::move(response.body);
  reply.prepare_payload();
  stream.expires_after(client_patience);
  co_await http::async_write(stream, reply, asio::redirect_error(asio::use_awaitable, error));
  stream.socket().shutdown(Local::socket::shutdown_send, error);
}

asio::awaitable<void> accept_all(Local::acceptor& acceptor, const Handler& handler) {
  for (;;) {
    boost::system::error_code error;
    Local::socket socket =
        co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) {  // out of descriptors, or the client left at once
      asio::steady_timer pause(acceptor.get_executor(), pause_after_failed_accept);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (!is_owner(socket)) continue;
    asio::co_spawn(acceptor.get_executor(), serve(Stream(std::move(socket)), handler),
                   asio::detached);
  }
}

}  // namespace

class Server::Impl {
 public:
  Impl(std::filesystem::path socket, Handler handler)
      : socket_(std::move(socket)), handler_(std::move(handler)), acceptor_(io_) {
    check_socket_path(socket_);
    make_folder(socket_.parent_path());
    clear_way(socket_);
    listen();
    asio::co_spawn(io_, accept_all(acceptor_, handler_), asio::detached);
    thread_ = std::jthread([this] { io_.run(); });
  }

  ~Impl() {
    io_.stop();
    thread_.join();
    struct stat now {};
    const bool ours = ::lstat(socket_.c_str(), &now) == 0 && now.st_dev == made_.st_dev &&
                      now.st_ino == made_.st_ino;
    if (ours) ::unlink(socket_.c_str());
  }

  const std::filesystem::path& socket() const { return socket_; }

 private:
  void listen() {
    boost::system::error_code error;
    acceptor_.open(Local(), error);
    // Before bind, so that the file is never there with wider rights than its owner's.
    if (!error) ::fchmod(acceptor_.native_handle(), S_IRUSR | S_IWUSR);
    if (!error) acceptor_.bind(Local::endpoint(socket_.string()), error);
    if (error) throw_socket(socket_, error.message());
    if (::lstat(socket_.c_str(), &made_) != 0 || (made_.st_mode & 0177U) != 0) {
      ::unlink(socket_.c_str());
      throw_socket(socket_, "its rights could not be kept to its owner");
    }
    acceptor_.listen(Local::acceptor::max_listen_connections, error);
    if (error) throw_socket(socket_, error.message());
  }

  std::filesystem::path socket_;
  Handler handler_;
  asio::io_context io_{1};
  Local::acceptor acceptor_;
  struct stat made_ {};
  std::jthread thread_;
};

Server::Server(std::filesystem::path socket, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(socket), std::move(handler))) {}

Server::~Server() = default;

const std::filesystem::path& Server::socket() const { return impl_->socket(); }

}  // namespace wherry::control
