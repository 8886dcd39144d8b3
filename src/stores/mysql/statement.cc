#include "stores/mysql/statement.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <mysql.h>

#include "base/error.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/errors.h"

namespace wherry::stores::mysql {

namespace {

// Of "2020-01-01 12:30:00.000000".
MYSQL_TIME time_of(std::string_view text) {
  constexpr std::array<std::size_t, 7> starts{0, 5, 8, 11, 14, 17, 20};
  constexpr std::array<std::size_t, 7> widths{4, 2, 2, 2, 2, 2, 6};
  std::array<unsigned, 7> parts{};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const char* first = text.data() + starts[i];
    const char* last = first + widths[i];
    if (last > text.data() + text.size() || std::from_chars(first, last, parts[i]).ptr != last) {
      throw base::Error(base::ErrorKind::data_mismatch, "mysql.json",
                        "a TIMESTAMP in a document is not printed as a server does");
    }
  }
  MYSQL_TIME time{};
  time.year = parts[0];
  time.month = parts[1];
  time.day = parts[2];
  time.hour = parts[3];
  time.minute = parts[4];
  time.second = parts[5];
  time.second_part = parts[6];
  time.time_type = MYSQL_TIMESTAMP_DATETIME;
  return time;
}

// What the library reads when the statement is executed; refers to the parameters.
class Bound {
 public:
  explicit Bound(const std::vector<Parameter>& parameters)
      : binds_(parameters.size()), times_(parameters.size()) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Parameter& from = parameters[i];
      MYSQL_BIND& bind = binds_[i];
      bind.buffer_type = static_cast<enum_field_types>(from.type);
      if (from.type == Parameter::timestamp) {
        times_[i] = time_of(from.value);
        bind.buffer = &times_[i];
      } else {
        // The library only reads it.
        bind.buffer = const_cast<char*>(from.value.data());  // NOLINT(*-const-cast)
        bind.buffer_length = from.value.size();
      }
    }
  }
  MYSQL_BIND* binds() { return binds_.data(); }

 private:
  std::vector<MYSQL_BIND> binds_;
  std::vector<MYSQL_TIME> times_;
};

}  // namespace

Prepared Connection::prepare(std::string_view sql) {
  if (interrupted_) base::throw_cancelled();
  drop_rest();
  Prepared prepared(mysql_stmt_init(mysql_));
  if (!prepared) fail();
  if (mysql_stmt_prepare(prepared.get(), sql.data(), sql.size()) != 0) fail(*prepared);
  return prepared;
}

void Connection::fail(MYSQL_STMT& prepared) {
  if (interrupted_) base::throw_cancelled();
  throw to_error(mysql_stmt_errno(&prepared), mysql_stmt_error(&prepared), endpoint_.text());
}

Executed Connection::execute(const Statement& statement) {
  if (statement.parameters.empty()) return execute(std::string_view(statement.sql));
  const Prepared prepared = prepare(statement.sql);
  Bound bound(statement.parameters);
  if (mysql_stmt_bind_param(prepared.get(), bound.binds()) != 0 ||
      mysql_stmt_execute(prepared.get()) != 0) {
    fail(*prepared);
  }
  assert(mysql_stmt_field_count(prepared.get()) == 0);
  return {mysql_stmt_affected_rows(prepared.get()),
          static_cast<unsigned>(mysql_stmt_warning_count(prepared.get()))};
}

bool Connection::takes_arrays() const {
  std::uint64_t capabilities = 0;
  return server_.is_mariadb() &&
         mariadb_get_infov(mysql_, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES,
                           &capabilities) == 0 &&
         (capabilities << 32U & MARIADB_CLIENT_STMT_BULK_OPERATIONS) != 0;
}

Executed Connection::execute_arrays(std::string_view packet) {
  if (interrupted_) base::throw_cancelled();
  drop_rest();
  if (mysql_->methods->db_command(mysql_, COM_STMT_BULK_EXECUTE, packet.data(), packet.size(), 1,
                                  nullptr) != 0 ||
      mysql_read_query_result(mysql_) != 0) {
    fail();
  }
  return {mysql_affected_rows(mysql_), mysql_warning_count(mysql_)};
}

}  // namespace wherry::stores::mysql
