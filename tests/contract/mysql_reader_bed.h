// What the tests of the MySQL store's reader share: a server of each kind with an empty schema `r`,
// and readers of it.
//
// Thread-safety: one thread. Ownership: the servers end with the tests.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/error.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/source.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {

inline const base::DigestKey digest_key = base::DigestKey::from_text(std::string(32, 'd'));

// One of each kind serves all tests. Requires: it can be had.
tests::Server& server_of(tests::ServerKind kind);

// Of the error that the call throws; one that it does not throw is a failure.
base::ErrorKind kind_of(const std::function<void()>& call);

class MysqlReader : public tests::OfKind {
 protected:
  void SetUp() override {
    OfKind::SetUp();
    if (IsSkipped()) return;
    server_ = &server_of(GetParam());
    server_->exec_sql("DROP DATABASE IF EXISTS r; CREATE DATABASE r CHARACTER SET utf8mb4");
  }

  void sql(const std::string& text) const { server_->exec_sql("USE r; SET sql_mode=''; " + text); }
  Endpoint endpoint(const std::string& user = "root") const {
    Endpoint e;
    e.socket = server_->socket();
    e.user = user;
    return e;
  }
  Source source() const { return Source({.endpoint = endpoint(), .identity = "", .server_id = 0}); }
  model::TableSchema schema(const std::string& table) const {
    Connection c(endpoint());
    return read_table(c, {"r", table}).value();
  }
  std::unique_ptr<contract::RowReader> reader(std::stop_token stop = {}) const {
    return open_reader(endpoint(),
                       {.identity = "", .position_needed = true, .stop = std::move(stop)});
  }
  // 0 … n-1 in r.seq(n).
  void make_numbers() const {
    sql("CREATE TABLE d (n INT PRIMARY KEY); INSERT INTO d VALUES "
        "(0),(1),(2),(3),(4),(5),(6),(7),(8),(9); CREATE TABLE seq (n INT PRIMARY KEY); "
        "INSERT INTO seq SELECT a.n+10*b.n+100*c.n FROM d a, d b, d c");
  }

  tests::Server* server_ = nullptr;
};

// Of the chunk, which must fit.
model::RowBatch read_all(contract::RowView& view, const contract::TableRef& ref,
                         const model::Chunk& chunk = {});

}  // namespace wherry::stores::mysql
