#include "tests/support/connection.h"

#include <algorithm>
#include <mutex>

#include <errmsg.h>
#include <mysql.h>

namespace wherry::tests {

namespace {

// Enough of a statement for a message; no character is cut in two.
std::string beginning(const std::string& sql) {
  std::size_t length = std::min<std::size_t>(sql.size(), 300);
  while (length > 0 && length < sql.size() &&
         (static_cast<unsigned char>(sql[length]) & 0xC0U) == 0x80U) {
    --length;
  }
  return sql.substr(0, length);
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

struct FreeResult {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Result = std::unique_ptr<MYSQL_RES, FreeResult>;

}  // namespace

bool SqlError::lost() const {
  switch (number_) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case 1053:  // server shutdown in progress
    case 1152:  // aborted connection
    case 1184:  // the same, of a new connection
    case 1927:  // connection was killed
      return true;
    default:
      return false;
  }
}

void Connection::Close::operator()(st_mysql* handle) const { mysql_close(handle); }

Connection::Connection(const Endpoint& endpoint) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { mysql_library_init(0, nullptr, nullptr); });
  handle_.reset(mysql_init(nullptr));
  if (!handle_) throw std::bad_alloc();
  unsigned seconds = 20;
  mysql_options(handle_.get(), MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  mysql_options(handle_.get(), MYSQL_SET_CHARSET_NAME, endpoint.charset.c_str());
  const bool by_socket = !endpoint.socket.empty();
  if (!mysql_real_connect(handle_.get(), by_socket ? nullptr : endpoint.host.c_str(),
                          endpoint.user.c_str(), endpoint.password.c_str(),
                          or_null(endpoint.database), endpoint.port, or_null(endpoint.socket),
                          CLIENT_MULTI_STATEMENTS | CLIENT_FOUND_ROWS)) {
    fail("connect");
  }
}

void Connection::fail(const std::string& sql) const {
  throw SqlError(mysql_errno(handle_.get()),
                 std::string(mysql_error(handle_.get())) + " in: " + beginning(sql));
}

std::uint64_t Connection::exec(const std::string& sql) {
  if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) fail(sql);
  std::uint64_t affected = 0;
  for (;;) {
    const Result result(mysql_store_result(handle_.get()));
    if (!result && mysql_field_count(handle_.get()) != 0) fail(sql);
    affected = mysql_affected_rows(handle_.get());
    const int more = mysql_next_result(handle_.get());
    if (more > 0) fail(sql);
    if (more < 0) return affected;
  }
}

Rows Connection::query(const std::string& sql) {
  if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) fail(sql);
  const Result result(mysql_store_result(handle_.get()));
  if (!result) {
    if (mysql_field_count(handle_.get()) != 0) fail(sql);
    throw std::logic_error("no result set from: " + beginning(sql));
  }
  Rows rows;
  const unsigned columns = mysql_num_fields(result.get());
  while (MYSQL_ROW cells = mysql_fetch_row(result.get())) {
    const unsigned long* lengths = mysql_fetch_lengths(result.get());
    Row row;
    row.reserve(columns);
    for (unsigned i = 0; i < columns; ++i) {
      row.push_back(cells[i] == nullptr ? Cell() : Cell(std::string(cells[i], lengths[i])));
    }
    rows.push_back(std::move(row));
  }
  if (mysql_more_results(handle_.get()) != 0) {
    throw std::logic_error("more than one result from: " + beginning(sql));
  }
  return rows;
}

Cell Connection::value(const std::string& sql) {
  Rows rows = query(sql);
  if (rows.size() != 1 || rows[0].size() != 1) {
    throw std::logic_error("not one value from: " + beginning(sql));
  }
  return std::move(rows[0][0]);
}

std::string Connection::escape(const std::string& text) {
  std::string escaped(text.size() * 2 + 1, '\0');
  escaped.resize(mysql_real_escape_string(handle_.get(), escaped.data(), text.data(), text.size()));
  return escaped;
}

std::uint64_t Connection::thread_id() const { return mysql_thread_id(handle_.get()); }

}  // namespace wherry::tests
