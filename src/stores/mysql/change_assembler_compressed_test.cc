// Transactions that came compressed in one event.

#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stores/mysql/change_assembler_bed.h"

namespace wherry::stores::mysql {
namespace {

using testing::ElementsAre;
using namespace std::literals;
namespace wire = wire::mysql;

// As wire::LogReader gives it: what is inside takes no room and ends where the payload does.
class CompressedAssembly : public Assembly {
 protected:
  void payload() { add(wire::EventType::transaction_payload, wire::TransactionPayload{}); }
  void inside(wire::EventType type, wire::EventBody body) {
    wire::Event e;
    e.header.type = type;
    e.header.unix_time = 1714566896;
    e.header.end_position = offset_;
    e.body = std::move(body);
    assembler_.add(e);
    while (auto part = assembler_.take()) parts_.push_back(std::move(*part));
  }
  void inside_rows(std::string_view images) {
    wire::TableMap m;
    m.table_id = inno;
    m.schema = "shop";
    m.table = "i";
    m.types = "\x01";
    m.nullable = "\x01";
    wire::Query begin;
    begin.statement = "BEGIN";
    inside(wire::EventType::query, begin);
    inside(wire::EventType::table_map, m);
    wire::Rows r;
    r.table_id = inno;
    r.columns = 1;
    r.present = "\x01";
    r.images = images;
    inside(wire::EventType::write_rows_v2, r);
  }
};

TEST_F(CompressedAssembly, a_compressed_transaction_ends_where_its_payload_does) {
  mysql_gtid();
  payload();
  inside_rows("\0\x01"s);
  EXPECT_EQ(assembler_.position().offset, 100U);
  inside(wire::EventType::xid, wire::Xid{1});
  inside(wire::EventType::transaction_payload, wire::PayloadEnd{});
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_EQ(parts_[0].begin.text(), "bin.000001:100 none");
  EXPECT_EQ(parts_[0].end.text(), "bin.000001:300 none");
  EXPECT_EQ(parts_[0].log_bytes, 200U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("1:1"));
  EXPECT_EQ(assembler_.moved(), std::nullopt);
}

TEST_F(CompressedAssembly, a_payload_without_its_gtid_or_its_commit_is_malformed) {
  EXPECT_EQ(code_of([&] { payload(); }), "binlog.malformed");
  mysql_gtid();
  payload();
  inside_rows("\0\x01"s);
  EXPECT_EQ(code_of([&] { inside(wire::EventType::transaction_payload, wire::PayloadEnd{}); }),
            "binlog.malformed");
}

}  // namespace
}  // namespace wherry::stores::mysql
