#pragma once
// For tests: a ChangeAssembler, and a log that is played to it event by event. One thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/change_assembler.h"

namespace wherry::stores::mysql {

inline constexpr std::uint64_t inno = 10;  // table numbers of the server
inline constexpr std::uint64_t myisam = 11;
inline constexpr std::uint64_t other = 12;

inline model::TableSchema table(std::string name, std::string engine) {
  model::TableSchema s;
  s.name = {"shop", std::move(name)};
  s.engine = std::move(engine);
  model::Column c;
  c.name = "id";
  c.type = model::ColumnType::tinyint;
  c.declared = "tinyint";
  s.columns.push_back(c);
  return s;
}

inline contract::TrackedTables tables() {
  return {{1, table("i", "InnoDB")}, {2, table("m", "MyISAM")}};
}

// Plays a log, each event of 100 bytes.
class Assembly : public testing::Test {
 protected:
  ChangeAssembler assembler_{model::Position::in_log("bin.000001", 100, "none"), tables(),
                             Collations{{45, {"utf8mb4", "utf8mb4_general_ci"}}}};
  std::uint32_t offset_ = 100;
  std::vector<model::ChangePart> parts_;

  void add(wire::mysql::EventType type, wire::mysql::EventBody body, std::uint16_t flags = 0) {
    wire::mysql::Event e;
    e.header.type = type;
    e.header.unix_time = 1714566896;
    e.header.server_id = 3;
    e.header.event_size = 100;
    e.header.flags = flags;
    if ((flags & wire::mysql::EventHeader::artificial_flag) == 0)
      e.header.end_position = offset_ += 100;
    e.body = std::move(body);
    assembler_.add(e);
    while (auto part = assembler_.take()) parts_.push_back(std::move(*part));
  }
  void gtid(std::uint64_t number, std::uint8_t flags = 0) {
    add(wire::mysql::EventType::mariadb_gtid, wire::mysql::MariadbGtid{0, number, flags});
  }
  void begin_after(const std::string& gtids) {
    assembler_ =
        ChangeAssembler(model::Position::in_log("bin.000001", 100, gtids), tables(), Collations{});
  }
  void mysql_gtid(std::uint64_t number) {
    wire::mysql::MysqlGtid g{false, {}, number};
    g.server_uuid.fill(1);
    add(wire::mysql::EventType::mysql_gtid, g);
  }
  void mysql_gtid() {
    add(wire::mysql::EventType::anonymous_gtid, wire::mysql::MysqlGtid{true, {}, 0});
  }
  void query(std::string_view statement, std::string_view schema = "elsewhere") {
    wire::mysql::Query q;
    q.statement = statement;
    q.schema = schema;
    q.sql_mode = 4;
    q.charset = wire::mysql::Query::Charset{45, 45, 45};
    add(wire::mysql::EventType::query, q);
  }
  void xid() { add(wire::mysql::EventType::xid, wire::mysql::Xid{1}); }
  void map(std::uint64_t id) {
    wire::mysql::TableMap m;
    m.table_id = id;
    m.schema = "shop";
    m.table = id == inno ? "i" : id == myisam ? "m" : "unwanted";
    m.types = "\x01";
    m.nullable = "\x01";
    add(wire::mysql::EventType::table_map, m);
  }
  void insert(std::uint64_t id, std::string_view values, std::uint16_t flags = 0) {
    std::string images;
    for (const char v : values) images += std::string{'\0', v};
    wire::mysql::Rows r;
    r.table_id = id;
    r.columns = 1;
    r.present = "\x01";
    r.images = images;
    r.flags = flags;
    add(wire::mysql::EventType::write_rows_v1, r);
  }
  static std::vector<std::string> ids(const model::ChangePart& part) {
    std::vector<std::string> all;
    for (const auto& e : part.events) {
      for (std::size_t r = 0; r < e.after.rows(); ++r) {
        all.push_back(std::to_string(e.collection) + ":" + std::string(e.after.cell(r, 0).value()));
      }
    }
    return all;
  }
  std::string code_of(auto call) {
    try {
      call();
    } catch (const base::Error& e) {
      return e.code();
    }
    return "no error";
  }
};

}  // namespace wherry::stores::mysql
