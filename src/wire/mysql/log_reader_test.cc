#include "wire/mysql/log_reader.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include "base/error.h"
#include "wire/mysql/captured_events.h"
#include "wire/mysql/event_bytes.h"
#include "wire/mysql/row_layout.h"

namespace wherry::wire::mysql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::literals;

// A payload's head: each field is its number, its length and a number, all packed; 0 ends them.
std::string head(std::size_t packed, unsigned packing, std::size_t unpacked) {
  const auto field = [](char number, std::uint64_t value) {
    return std::string(1, number) + "\x09\xfe" + little(value, 8);
  };
  return field(2, packing) + field(3, unpacked) + field(1, packed) + "\0"s;
}

std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

std::string payload_of(std::string_view events) {
  const std::string packed = zstd(events);
  return event_of(40, head(packed.size(), 0, events.size()) + packed);
}

class Log {
 public:
  explicit Log(std::vector<std::string> events) : events_(events.begin(), events.end()) {
    events_.push_front(plain_format());
    (void)next();
  }
  Event next() {
    return reader_.next([&]() -> std::string_view {
      current_ = std::move(events_.front());
      events_.pop_front();
      return current_;
    });
  }
  // The names of all events up to the PayloadEnd, or what went wrong.
  std::vector<std::string> through_payload() {
    std::vector<std::string> names;
    try {
      for (;;) {
        const Event event = next();
        if (std::holds_alternative<PayloadEnd>(event.body)) return names;
        names.emplace_back(to_string(event.header.type));
      }
    } catch (const base::Error& e) {
      names.push_back(e.code() + ": " + e.what());
    }
    return names;
  }

 private:
  std::deque<std::string> events_;
  std::string current_;
  LogReader reader_{false};
};

const std::string xid = event_of(16, little(77, 8));

TEST(LogReader, gives_the_events_inside_a_payload_of_mysql_8) {
  Log log({captured::bytes(captured::mysql80::payload), xid});
  const Event outer = log.next();
  EXPECT_EQ(std::get<TransactionPayload>(outer.body).unpacked_bytes, 254U);
  EXPECT_EQ(std::get<Query>(log.next().body).statement, "BEGIN");
  const auto map = std::get<TableMap>(log.next().body);
  EXPECT_EQ(map.schema + "." + map.table, "vt_commerce.customer");
  EXPECT_EQ(read_optional(map, read_columns(map)).is_unsigned, std::vector<bool>{false});
  auto customer =
      captured::table("customer", {captured::column("id", model::ColumnType::bigint),
                                   captured::column("m", model::ColumnType::varbinary)});
  customer.columns[1].length = 128;
  customer.columns[1].nullable = true;
  const RowLayout layout(map, customer);
  const Event rows = log.next();
  auto event = layout.empty_event(1, Rows::Kind::write);
  layout.read(std::get<Rows>(rows.body), event);
  ASSERT_EQ(event.after.rows(), 2U);
  EXPECT_EQ(event.after.cell(0, 1), "mlord@planetscale.com");
  EXPECT_EQ(event.after.cell(1, 0), "2");
  EXPECT_EQ(event.after.cell(1, 1), "sup@planetscale.com");
  const Event commit = log.next();
  EXPECT_EQ(std::get<Xid>(commit.body).number, 0x22cU);
  EXPECT_TRUE(std::holds_alternative<PayloadEnd>(log.next().body));
  EXPECT_EQ(std::get<Xid>(log.next().body).number, 77U) << "the log goes on behind the payload";
}

TEST(LogReader, what_is_inside_ends_where_the_payload_does_and_takes_no_room) {
  Log log({captured::bytes(captured::mysql80::payload)});
  const EventHeader payload = log.next().header;
  EXPECT_EQ(payload.end_position, 0x503aU);
  for (int i = 0; i < 5; ++i) {
    const EventHeader inside = log.next().header;
    EXPECT_EQ(inside.end_position, payload.end_position);
    EXPECT_EQ(inside.event_size, 0U);
  }
}

TEST(LogReader, a_payload_may_be_packed_in_several_frames_or_not_at_all) {
  const std::string two = zstd(xid) + zstd(xid);
  Log frames({event_of(40, head(two.size(), 0, 2 * xid.size()) + two)});
  EXPECT_THAT(frames.through_payload(), ElementsAre("TRANSACTION_PAYLOAD", "XID", "XID"));
  Log plain({event_of(40, head(xid.size(), 255, xid.size()) + xid)});
  EXPECT_THAT(plain.through_payload(), ElementsAre("TRANSACTION_PAYLOAD", "XID"));
}

TEST(LogReader, fields_of_a_payload_that_are_not_known_are_passed_over) {
  Log log({event_of(40, "\x07\x03xyz" + head(xid.size(), 255, xid.size()) + xid)});
  EXPECT_THAT(log.through_payload(), ElementsAre("TRANSACTION_PAYLOAD", "XID"));
}

TEST(LogReader, a_large_payload_is_unpacked_event_by_event) {
  std::string events;
  const std::string query = event_of(29, "\0"s + std::string(1U << 20U, 'x'));
  for (int i = 0; i < 20; ++i) events += query;
  Log log({payload_of(events + xid)});
  EXPECT_EQ(log.through_payload().size(), 22U);
}

TEST(LogReader, a_payload_that_lies_is_malformed) {
  const auto told = [](const std::string& body) {
    Log log({event_of(40, body)});
    return log.through_payload().back();
  };
  const std::string packed = zstd(xid);
  const std::string good = head(packed.size(), 0, xid.size()) + packed;
  EXPECT_EQ(told(good), "XID");
  EXPECT_THAT(told(packed), HasSubstr("binlog.malformed"));
  EXPECT_THAT(told("\x02\x01\0\0"s + packed), HasSubstr("does not tell its form"));
  EXPECT_THAT(told(head(packed.size() + 1, 0, xid.size()) + packed), HasSubstr("came as"));
  EXPECT_THAT(told(head(packed.size(), 0, xid.size() + 1) + packed), HasSubstr("unpacks to"));
  EXPECT_THAT(told(head(packed.size(), 0, xid.size() - 1) + packed), HasSubstr("longer than"));
  EXPECT_THAT(told(head(packed.size() - 2, 0, xid.size()) + packed.substr(0, packed.size() - 2)),
              HasSubstr("cut off"));
  EXPECT_THAT(told(head(3, 0, xid.size()) + "abc"), HasSubstr("does not unpack"));
  EXPECT_THAT(told(head(0, 0, 0)), HasSubstr("cut off"));
  const std::string torn = xid.substr(0, xid.size() - 1);
  EXPECT_THAT(told(head(torn.size(), 255, torn.size()) + torn), HasSubstr("middle of an event"));
  EXPECT_THAT(told(head(packed.size(), 7, xid.size()) + packed),
              HasSubstr("binlog.compressed_transaction"));
}

TEST(LogReader, what_is_never_compressed_may_not_stand_inside_a_payload) {
  for (const unsigned type : {3U, 4U, 15U, 26U, 27U, 33U, 34U, 35U, 40U, 41U, 42U, 162U}) {
    const std::string inner = event_of(type, std::string(64, '\0'));
    Log log({payload_of(inner)});
    EXPECT_THAT(log.through_payload().back(), HasSubstr("binlog.malformed")) << type;
  }
  Log partial({payload_of(event_of(39, std::string(64, '\0')))});
  EXPECT_THAT(partial.through_payload().back(), HasSubstr("binlog.partial_update"));
}

}  // namespace
}  // namespace wherry::wire::mysql
