// The fastest way known to load rows into a server, as the measure of a copy: the rows of sysbench
// tables are read into memory, then two threads load them by each way the server accepts, into
// tables without their secondary index, which is added afterwards. Prints `WAY SECONDS s` a line;
// only the loading is measured.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <mysql.h>

namespace {

struct Close {
  void operator()(MYSQL* handle) const { mysql_close(handle); }
};
using Connection = std::unique_ptr<MYSQL, Close>;

[[noreturn]] void fail(MYSQL* handle, std::string_view doing) {
  throw std::runtime_error(std::string(doing) + ": " + mysql_error(handle));
}

Connection connect(const char* socket, const std::string& database) {
  Connection connection(mysql_init(nullptr));
  const unsigned on = 1;
  mysql_options(connection.get(), MYSQL_OPT_LOCAL_INFILE, &on);
  if (mysql_real_connect(connection.get(), nullptr, "root", nullptr, database.c_str(), 0, socket,
                         0) == nullptr) {
    fail(connection.get(), "connect");
  }
  return connection;
}

void execute(MYSQL* handle, const std::string& sql) {
  if (mysql_real_query(handle, sql.data(), sql.size()) != 0) fail(handle, sql);
}

// A table of sysbench (id, k, c, pad), by columns for array binding.
struct Rows {
  std::vector<int> id, k;
  std::vector<std::string> c, pad;
};

std::string name(int table) { return "sbtest" + std::to_string(table); }

Rows read(const char* socket, const std::string& database, int table) {
  const auto connection = connect(socket, database);
  execute(connection.get(), "SELECT id, k, c, pad FROM " + name(table) + " ORDER BY id");
  MYSQL_RES* result = mysql_use_result(connection.get());
  Rows rows;
  while (MYSQL_ROW row = mysql_fetch_row(result)) {
    rows.id.push_back(std::atoi(row[0]));
    rows.k.push_back(std::atoi(row[1]));
    rows.c.emplace_back(row[2]);
    rows.pad.emplace_back(row[3]);
  }
  mysql_free_result(result);
  if (mysql_errno(connection.get()) != 0) fail(connection.get(), "read");
  return rows;
}

constexpr std::size_t rows_a_transaction = 10'000;

void load_arrays(MYSQL* handle, const Rows& rows, int table) {
  const std::string sql = "INSERT INTO " + name(table) + " VALUES (?,?,?,?)";
  MYSQL_STMT* statement = mysql_stmt_init(handle);
  if (mysql_stmt_prepare(statement, sql.data(), sql.size()) != 0) fail(handle, "prepare");
  for (std::size_t first = 0; first < rows.id.size(); first += rows_a_transaction) {
    unsigned count = static_cast<unsigned>(std::min(rows_a_transaction, rows.id.size() - first));
    std::vector<const char*> c, pad;
    std::vector<unsigned long> c_length, pad_length;
    for (std::size_t i = first; i < first + count; ++i) {
      c.push_back(rows.c[i].data());
      c_length.push_back(rows.c[i].size());
      pad.push_back(rows.pad[i].data());
      pad_length.push_back(rows.pad[i].size());
    }
    MYSQL_BIND bind[4] = {};
    bind[0].buffer_type = bind[1].buffer_type = MYSQL_TYPE_LONG;
    bind[0].buffer = const_cast<int*>(&rows.id[first]);
    bind[1].buffer = const_cast<int*>(&rows.k[first]);
    bind[2].buffer_type = bind[3].buffer_type = MYSQL_TYPE_STRING;
    bind[2].buffer = c.data();
    bind[2].length = c_length.data();
    bind[3].buffer = pad.data();
    bind[3].length = pad_length.data();
    mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &count);
    if (mysql_stmt_bind_param(statement, bind) != 0 || mysql_stmt_execute(statement) != 0) {
      throw std::runtime_error(std::string("execute: ") + mysql_stmt_error(statement));
    }
  }
  mysql_stmt_close(statement);
}

struct Lines {
  const Rows& rows;
  std::size_t next, last;
  std::string line;
  std::size_t sent = 0;
};

void load_lines(MYSQL* handle, const Rows& rows, int table) {
  const auto open = [](void** out, const char*, void* lines) {
    *out = lines;
    return 0;
  };
  const auto read = [](void* of, char* into, unsigned size) {
    auto& lines = *static_cast<Lines*>(of);
    if (lines.sent == lines.line.size()) {
      lines.line.clear();
      lines.sent = 0;
      while (lines.next < lines.last && lines.line.size() < 65536) {
        const std::size_t i = lines.next++;
        lines.line += std::to_string(lines.rows.id[i]) + '\t' + std::to_string(lines.rows.k[i]) +
                      '\t' + lines.rows.c[i] + '\t' + lines.rows.pad[i] + '\n';
      }
    }
    const std::size_t now = std::min<std::size_t>(size, lines.line.size() - lines.sent);
    std::copy_n(lines.line.data() + lines.sent, now, into);
    lines.sent += now;
    return static_cast<int>(now);
  };
  const auto close = [](void*) {};
  const auto error = [](void*, char*, unsigned) { return 1; };
  for (std::size_t first = 0; first < rows.id.size(); first += rows_a_transaction) {
    Lines lines{rows, first, std::min(first + rows_a_transaction, rows.id.size()), {}};
    mysql_set_local_infile_handler(handle, open, read, close, error, &lines);
    execute(handle, "LOAD DATA LOCAL INFILE 'x' INTO TABLE " + name(table));
  }
}

using Load = void (*)(MYSQL*, const Rows&, int);

double seconds(const char* socket, const std::string& database, const std::vector<Rows>& tables,
               Load load) {
  {
    const auto connection = connect(socket, "");
    execute(connection.get(), "DROP DATABASE IF EXISTS " + database);
    execute(connection.get(), "CREATE DATABASE " + database);
  }
  const auto started = std::chrono::steady_clock::now();
  const auto every_second = [&](std::size_t first) {
    const auto connection = connect(socket, database);
    for (std::size_t i = first; i < tables.size(); i += 2) {
      const int table = static_cast<int>(i) + 1;
      execute(connection.get(),
              "CREATE TABLE " + name(table) +
                  " (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL DEFAULT 0, "
                  "c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '')");
      load(connection.get(), tables[i], table);
      execute(connection.get(),
              "ALTER TABLE " + name(table) + " ADD KEY k_" + std::to_string(table) + " (k)");
    }
  };
  auto other = std::async(std::launch::async, every_second, 1);
  every_second(0);
  other.get();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bare_load SOURCE_SOCKET TARGET_SOCKET DATABASE TABLES\n");
    return 2;
  }
  try {
    std::vector<Rows> tables;
    for (int table = 1; table <= std::atoi(argv[4]); ++table)
      tables.push_back(read(argv[1], argv[3], table));
    const bool arrays =
        std::strstr(mysql_get_server_info(connect(argv[2], "").get()), "MariaDB") != nullptr;
    if (arrays) std::printf("arrays %.3f s\n", seconds(argv[2], argv[3], tables, load_arrays));
    std::printf("lines %.3f s\n", seconds(argv[2], argv[3], tables, load_lines));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bare_load: %s\n", error.what());
    return 1;
  }
  return 0;
}
