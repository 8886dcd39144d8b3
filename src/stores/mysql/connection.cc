#include "stores/mysql/connection.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>

#include <errmsg.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/text.h"
#include "stores/mysql/errors.h"

namespace wherry::stores::mysql {

namespace {

// Both flavours understand every part of it.
constexpr std::string_view session_settings =
    "SET NAMES binary, SESSION character_set_results=NULL, SESSION time_zone='+00:00', "
    "SESSION sql_mode='', SESSION autocommit=1, SESSION wait_timeout=86400, "
    "SESSION net_read_timeout=3600, SESSION net_write_timeout=3600, SESSION "
    "group_concat_max_len=1048576, SESSION sql_quote_show_create=1";

// Of MySQL 8.0: sizes of tables as they are now, not of yesterday; and of 8.0.30: keys that the
// server made for tables without one are in their definitions, as they are in the log.
constexpr std::string_view fresh_statistics = "SET SESSION information_schema_stats_expiry=0";
constexpr std::string_view show_made_keys =
    "SET SESSION show_gipk_in_create_table_and_information_schema=ON";

std::optional<std::uint64_t> as_number(model::Cell cell) {
  std::uint64_t value = 0;
  if (!cell || cell->empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(cell->data(), cell->data() + cell->size(), value);
  if (error != std::errc{} || end != cell->data() + cell->size()) return std::nullopt;
  return value;
}

std::optional<std::size_t> column_named(const std::vector<std::string>& names,
                                        std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].size() == name.size() &&
        strncasecmp(names[i].data(), name.data(), name.size()) == 0) {
      return i;
    }
  }
  return std::nullopt;
}

ServerVersion version_of(MYSQL* mysql) {
  ServerVersion v;
  v.text = mysql_get_server_info(mysql);
  v.flavour = v.text.find("MariaDB") != std::string::npos ? Flavour::mariadb : Flavour::mysql;
  v.number = static_cast<unsigned>(mysql_get_server_version(mysql));
  return v;
}

void set_flag(MYSQL* mysql, mysql_option option, bool on) {
  const my_bool value = on ? 1 : 0;
  mysql_optionsv(mysql, option, &value);
}

void set_text(MYSQL* mysql, mysql_option option, const std::string& value) {
  if (!value.empty()) mysql_optionsv(mysql, option, value.c_str());
}

bool verifies(const Tls& tls) { return tls.verify.value_or(!tls.ca.empty()); }

bool use_tls(const Tls& tls) {
  return tls.required || verifies(tls) || !tls.ca.empty() || !tls.cert.empty();
}

// The library's own start-up is not thread-safe.
void start_library() {
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
}

}  // namespace

std::string Endpoint::text() const {
  if (!socket.empty()) return base::printable(socket);
  return fmt::format("{}:{}", base::printable(host), port);
}

model::Cell Result::cell(std::size_t row, std::string_view name) const {
  const auto column = column_named(names_, name);
  return column ? cell(row, *column) : std::nullopt;
}

std::string Result::text(std::size_t row, std::size_t column) const {
  return std::string(cell(row, column).value_or(std::string_view()));
}

std::string Result::text(std::size_t row, std::string_view name) const {
  return std::string(cell(row, name).value_or(std::string_view()));
}

std::optional<std::uint64_t> Result::number(std::size_t row, std::size_t column) const {
  return as_number(cell(row, column));
}

std::optional<std::uint64_t> Result::number(std::size_t row, std::string_view name) const {
  return as_number(cell(row, name));
}

std::optional<std::uint64_t> Stream::number(std::size_t column) const {
  return as_number(cell(column));
}

void InterruptOnStop::Call::operator()() const noexcept { connection->interrupt(); }

Stream::Stream(Connection& connection, MYSQL_RES* result)
    : connection_(connection), result_(result), columns_(mysql_num_fields(result)) {}

Stream::~Stream() { mysql_free_result(result_); }

bool Stream::next() {
  row_ = mysql_fetch_row(result_);
  if (row_ != nullptr) {
    lengths_ = mysql_fetch_lengths(result_);
    return true;
  }
  // A killed statement looks like the end of the rows but for this.
  if (mysql_errno(connection_.mysql_) != 0 || connection_.interrupted_) connection_.fail();
  return false;
}

Connection::Connection(Endpoint endpoint, ConnectOptions options)
    : endpoint_(std::move(endpoint)), together_(options.together) {
  start_library();
  mysql_ = mysql_init(nullptr);
  if (mysql_ == nullptr) throw std::bad_alloc();
  try {
    connect(options);
  } catch (...) {
    interrupt_on_stop_.reset();
    mysql_close(mysql_);
    throw;
  }
}

Connection::~Connection() {
  interrupt_on_stop_.reset();
  {
    const std::lock_guard lock(socket_mutex_);
    socket_ = -1;  // the number may soon be another file's
  }
  mysql_close(mysql_);
}

// Nothing is left to the library's defaults, which change between versions, nor to option files.
void Connection::set_options(const ConnectOptions& options) {
  const Tls& tls = endpoint_.tls;
  set_flag(mysql_, MYSQL_OPT_RECONNECT, false);
  const unsigned local_infile = options.local_infile ? 1 : 0;
  mysql_optionsv(mysql_, MYSQL_OPT_LOCAL_INFILE, &local_infile);
  set_text(mysql_, MYSQL_OPT_SSL_CA, tls.ca);
  set_text(mysql_, MYSQL_OPT_SSL_CERT, tls.cert);
  set_text(mysql_, MYSQL_OPT_SSL_KEY, tls.key);
  set_flag(mysql_, MYSQL_OPT_SSL_ENFORCE, use_tls(tls));
  set_flag(mysql_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, verifies(tls));
  if (endpoint_.compress) mysql_optionsv(mysql_, MYSQL_OPT_COMPRESS, nullptr);
  const auto timeout = static_cast<unsigned>(endpoint_.connect_timeout.count());
  mysql_optionsv(mysql_, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
  const auto read_timeout = static_cast<unsigned>(options.read_timeout.count());
  if (read_timeout != 0) mysql_optionsv(mysql_, MYSQL_OPT_READ_TIMEOUT, &read_timeout);
  mysql_optionsv(mysql_, MYSQL_SET_CHARSET_NAME, "binary");
  const unsigned protocol = endpoint_.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_optionsv(mysql_, MYSQL_OPT_PROTOCOL, &protocol);
  const std::size_t largest_packet = std::size_t{1} << 30U;  // what the protocol allows
  mysql_optionsv(mysql_, MYSQL_OPT_MAX_ALLOWED_PACKET, &largest_packet);
  mysql_optionsv(mysql_, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "wherry");
}

void Connection::connect(const ConnectOptions& options) {
  if (options.stop.stop_requested()) base::throw_cancelled();
  set_options(options);
  std::string password = endpoint_.password ? endpoint_.password() : std::string();
  const bool by_socket = !endpoint_.socket.empty();
  const bool connected =
      mysql_real_connect(
          mysql_, by_socket ? nullptr : endpoint_.host.c_str(), endpoint_.user.c_str(),
          password.c_str(), nullptr, endpoint_.port, by_socket ? endpoint_.socket.c_str() : nullptr,
          CLIENT_FOUND_ROWS | (together_ ? CLIENT_MULTI_STATEMENTS : 0UL)) != nullptr;
  explicit_bzero(password.data(), password.size());
  if (!connected) {
    fail();
  }
  // The library goes on without TLS when the server offers none, unless it has a certificate to
  // verify.
  if (use_tls(endpoint_.tls) && mysql_get_ssl_cipher(mysql_) == nullptr) {
    throw base::Error(base::ErrorKind::rejected, "mysql.tls",
                      "the server does not offer TLS, which this side requires; set it up on the "
                      "server, or do not "
                      "require it",
                      endpoint_.text());
  }
  keep_alive();
  server_ = version_of(mysql_);
  id_ = mysql_thread_id(mysql_);
  {
    const std::lock_guard lock(socket_mutex_);
    socket_ = mysql_get_socket(mysql_);
  }
  interrupt_on_stop_.emplace(options.stop, *this);
  const AnswerSoon soon(*this);
  execute(session_settings);
  if (!server_.is_mariadb() && server_.number >= 80003) execute(fresh_statistics);
  if (!server_.is_mariadb() && server_.number >= 80030) execute(show_made_keys);
}

// A peer that vanished without a word is noticed within a minute; a slow statement is not mistaken
// for one.
void Connection::keep_alive() {
  const int fd = mysql_get_socket(mysql_);
  if (!endpoint_.socket.empty()) return;
  const auto set = [fd](int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 20);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

void Connection::send(std::string_view sql) {
  if (interrupted_) base::throw_cancelled();
  drop_rest();
  const auto size = static_cast<unsigned long>(sql.size());
  if (soon_) {
    if (mysql_send_query(mysql_, sql.data(), size) != 0) fail();
    wait_for_answer();
    if (mysql_read_query_result(mysql_) != 0) fail();
  } else if (mysql_real_query(mysql_, sql.data(), size) != 0) {
    fail();
  }
}

void Connection::wait_for_answer() {
  const auto limit = std::chrono::steady_clock::now() + endpoint_.connect_timeout;
  pollfd answer{mysql_get_socket(mysql_), POLLIN, 0};
  int ready = 0;
  do {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    ready = poll(&answer, 1, std::max(0, static_cast<int>(left.count())));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) throw to_error(CR_SERVER_LOST, "No answer to a new connection", endpoint_.text());
}

Result Connection::query(std::string_view sql) {
  Stream rows = stream(sql);
  return all_of(rows);
}

std::vector<Result> Connection::query_all(const std::vector<std::string>& statements) {
  send_all(statements);
  std::vector<Result> out;
  out.push_back(take_answer());
  for (Result& answer : rest()) out.push_back(std::move(answer));
  return out;
}

void Connection::send_all(const std::vector<std::string>& statements) {
  assert(!statements.empty());
  if (together_) return send(fmt::format("{}", fmt::join(statements, ";")));
  send(statements.front());
  rest_.assign(statements.begin() + 1, statements.end());
}

std::vector<Result> Connection::rest() {
  std::vector<Result> out;
  for (const std::string& sql : std::exchange(rest_, {})) {
    send(sql);
    out.push_back(take_answer());
  }
  while (mysql_more_results(mysql_) != 0) {
    if (mysql_next_result(mysql_) != 0) fail();
    out.push_back(take_answer());
  }
  return out;
}

void Connection::drop_rest() {
  rest_.clear();
  while (mysql_more_results(mysql_) != 0 && mysql_next_result(mysql_) == 0) {
    if (MYSQL_RES* answer = mysql_use_result(mysql_)) mysql_free_result(answer);
  }
}

Result Connection::take_answer() {
  MYSQL_RES* answer = mysql_use_result(mysql_);
  if (answer != nullptr) {
    Stream rows(*this, answer);
    return all_of(rows);
  }
  if (mysql_errno(mysql_) != 0) fail();
  return {};
}

Result Connection::all_of(Stream& rows) {
  std::vector<std::string> names;
  MYSQL_FIELD* fields = mysql_fetch_fields(rows.result_);
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    names.emplace_back(fields[i].name, fields[i].name_length);
  }
  model::RowBatch batch(rows.columns());
  while (rows.next()) {
    for (std::size_t i = 0; i < rows.columns(); ++i) batch.append(rows.cell(i));
  }
  return {std::move(names), std::move(batch)};
}

Executed Connection::execute(std::string_view sql) {
  send(sql);
  if (MYSQL_RES* rows = mysql_use_result(mysql_); rows != nullptr) {
    Stream drained(*this, rows);
    while (drained.next()) {
    }
    return {0, mysql_warning_count(mysql_)};
  }
  if (mysql_errno(mysql_) != 0) fail();
  return {mysql_affected_rows(mysql_), mysql_warning_count(mysql_)};
}

Stream Connection::stream(std::string_view sql) {
  send(sql);
  return take_stream();
}

Stream Connection::stream(const std::vector<std::string>& statements) {
  send_all(statements);
  return take_stream();
}

Stream Connection::take_stream() {
  MYSQL_RES* rows = mysql_use_result(mysql_);
  if (rows == nullptr) {
    if (mysql_errno(mysql_) != 0) fail();
    throw base::Error(base::ErrorKind::internal, "mysql.no_rows",
                      "a statement without rows was asked for rows", endpoint_.text());
  }
  return {*this, rows};
}

std::optional<std::string> Connection::scalar(std::string_view sql) {
  const Result r = query(sql);
  if (r.empty() || r.columns() == 0) return std::nullopt;
  const model::Cell cell = r.cell(0, std::size_t{0});
  if (!cell) return std::nullopt;
  return std::string(*cell);
}

std::string Connection::warnings_text() {
  const Result r = query("SHOW WARNINGS");
  if (r.empty()) return {};
  std::string out = r.text(0, "Code") + " " + base::printable(r.text(0, "Message"));
  if (r.rows() > 1) out += fmt::format(" (and {} more)", r.rows() - 1);
  return out;
}

void Connection::interrupt() noexcept {
  interrupted_ = true;
  const std::lock_guard lock(socket_mutex_);
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

void Connection::fail() {
  if (interrupted_) base::throw_cancelled();
  throw to_error(mysql_errno(mysql_), mysql_error(mysql_), endpoint_.text());
}

}  // namespace wherry::stores::mysql
