// XA transactions, as MariaDB and MySQL write them to the log.

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/change_assembler.h"
#include "stores/mysql/change_assembler_bed.h"

namespace wherry::stores::mysql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::literals;
namespace wire = wire::mysql;

enum class Server { mariadb, mysql };

// Plays a log, each event of 100 bytes; can go on from any position in it as a new reader does.
class XaAssembly : public testing::TestWithParam<Server> {
 protected:
  void SetUp() override {
    start_at(model::Position::in_log("bin.000001", 100));
    wire::FormatDescription f;
    f.mariadb = GetParam() == Server::mariadb;
    add(wire::EventType::format_description, f, wire::EventHeader::artificial_flag);
  }

  void start_at(const model::Position& from) {
    assembler_.emplace(from, tables_, Collations{});
    parts_.clear();
  }
  // What was written so far is read again, from `from`'s own place to read from.
  void go_on_from(model::Position from) {
    start_at(from);
    const auto begin = from.to_read_from().offset;
    for (const auto& step : written_) {
      if (step.header.artificial() || step.header.end_position > begin) give(step);
    }
  }
  void give(const wire::Event& event) {
    assembler_->add(event);
    while (auto part = assembler_->take()) parts_.push_back(std::move(*part));
  }
  void add(wire::EventType type, wire::EventBody body, std::uint16_t flags = 0) {
    wire::Event e;
    e.header.type = type;
    e.header.unix_time = 1714566896;
    e.header.server_id = 3;
    e.header.event_size = 100;
    e.header.flags = flags;
    if ((flags & wire::EventHeader::artificial_flag) == 0) e.header.end_position = offset_ += 100;
    e.body = std::move(body);
    written_.push_back(e);
    give(e);
  }
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  void gtid(std::uint8_t mariadb_flags = 0) {
    if (GetParam() == Server::mariadb) {
      add(wire::EventType::mariadb_gtid, wire::MariadbGtid{0, ++number_, mariadb_flags});
    } else {
      add(wire::EventType::anonymous_gtid, wire::MysqlGtid{true, {}, 0});
    }
  }
  void query(std::string statement) {
    wire::Query q;
    q.statement = keep(std::move(statement));
    q.schema = "shop";
    add(wire::EventType::query, q);
  }
  void insert(std::string_view name, std::string_view values) {
    wire::TableMap m;
    m.table_id = 10;
    m.schema = "shop";
    m.table = name;
    m.types = "\x01";
    m.nullable = "\x01";
    add(wire::EventType::table_map, m);
    std::string images;
    for (const char v : values) images += "\0"s + v;
    wire::Rows r;
    r.table_id = 10;
    r.columns = 1;
    r.present = "\x01";
    r.images = keep(std::move(images));
    r.flags = wire::Rows::statement_end;
    add(wire::EventType::write_rows_v1, r);
  }
  static std::string text_of(char id) { return XaId{1, std::string(1, id), ""}.text(); }
  void start(char id) {
    gtid(wire::MariadbGtid::prepared_xa);
    if (GetParam() == Server::mysql) query("XA START " + text_of(id));
  }
  void prepare(char id, bool one_phase = false) {
    query("XA END " + text_of(id));
    add(wire::EventType::xa_prepare, wire::XaPrepare{one_phase, 1, keep(std::string(1, id)), {}});
  }
  void prepared(char id, std::string_view name, std::string_view values) {
    start(id);
    insert(name, values);
    prepare(id);
  }
  void end(char id, std::string_view verb) {
    gtid(wire::MariadbGtid::completed_xa);
    query("XA " + std::string(verb) + " " + text_of(id));
  }
  void ordinary(std::string_view values) {
    gtid();
    if (GetParam() == Server::mysql) query("BEGIN");
    insert("i", values);
    add(wire::EventType::xid, wire::Xid{1});
  }
  void definition(std::string statement) {
    gtid(wire::MariadbGtid::standalone | wire::MariadbGtid::ddl);
    query(std::move(statement));
  }
  std::vector<std::string> values() const {
    std::vector<std::string> all;
    for (const auto& part : parts_) {
      for (const auto& e : part.events) {
        for (std::size_t r = 0; r < e.after.rows(); ++r) {
          all.emplace_back(e.after.cell(r, 0).value());
        }
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

  contract::TrackedTables tables_{{1, table("i", "InnoDB")}, {2, table("j", "InnoDB")}};
  std::optional<ChangeAssembler> assembler_;
  std::uint32_t offset_ = 100;
  std::uint64_t number_ = 0;
  std::deque<std::string> kept_;
  std::vector<wire::Event> written_;
  std::vector<model::ChangePart> parts_;
};

TEST_P(XaAssembly, rows_come_with_the_commit_as_one_transaction) {
  start('a');
  insert("i", "\x01");
  query("SAVEPOINT `s`");
  insert("i", "\x02");
  query("ROLLBACK TO `s`");
  insert("j", "\x03");
  prepare('a');
  ordinary("\x04");
  const std::uint32_t before = offset_;
  end('a', "COMMIT");
  ASSERT_EQ(parts_.size(), 2U);
  EXPECT_THAT(values(), ElementsAre("4", "1", "3"));
  EXPECT_EQ(parts_[1].begin.offset, before);
  EXPECT_EQ(parts_[1].end.offset, offset_);
  EXPECT_TRUE(parts_[1].last);
  EXPECT_FALSE(parts_[1].end.since);
}

TEST_P(XaAssembly, rows_of_one_rolled_back_never_come) {
  prepared('a', "i", "\x01");
  prepared('b', "i", "\x02");
  end('b', "COMMIT");
  end('a', "ROLLBACK");
  ordinary("\x03");
  EXPECT_THAT(values(), ElementsAre("2", "3"));
}

TEST_P(XaAssembly, one_phase_commits_at_once) {
  start('a');
  insert("i", "\x01");
  prepare('a', true);
  EXPECT_THAT(values(), ElementsAre("1"));
  EXPECT_TRUE(assembler_->prepared().empty());
}

TEST_P(XaAssembly, positions_carry_the_beginning_of_the_oldest_one_prepared) {
  ordinary("\x01");
  const std::uint32_t first = offset_;
  prepared('a', "i", "\x02");
  auto moved = assembler_->moved();
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->end.offset, offset_);
  ASSERT_TRUE(moved->end.since);
  EXPECT_EQ(moved->end.since->offset, first);
  const std::uint32_t second = offset_;
  prepared('b', "unwanted", "\x03");
  end('a', "COMMIT");
  ASSERT_TRUE(parts_.back().end.since) << "also of one without wanted rows";
  EXPECT_EQ(parts_.back().end.since->offset, second);
  end('b', "COMMIT");
  moved = assembler_->moved();
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->end.since);
}

TEST_P(XaAssembly, every_end_is_a_place_to_go_on_from) {
  prepared('a', "i", "\x01");
  ordinary("\x02");
  prepared('b', "j", "\x03");
  prepared('c', "i", "\x04");
  ordinary("\x05");
  end('b', "COMMIT");
  ordinary("\x06");
  end('a', "ROLLBACK");
  prepared('a', "i", "\x07");
  end('c', "COMMIT");
  ordinary("\x08");
  end('a', "COMMIT");
  const auto all = values();
  EXPECT_THAT(all, ElementsAre("2", "5", "3", "6", "4", "8", "7"));
  const auto parts = parts_;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto position = model::Position::parse(parts[i].end.text());
    ASSERT_TRUE(position);
    go_on_from(*position);
    const std::vector<std::string> rest(all.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                        all.end());
    EXPECT_EQ(values(), rest) << "from " << position->text();
    EXPECT_EQ(assembler_->moved(), std::nullopt);
  }
}

TEST_P(XaAssembly, a_place_between_them_gives_nothing_twice_and_moves_not_back) {
  prepared('a', "i", "\x01");
  ordinary("\x02");
  const auto position = parts_.back().end;
  ASSERT_TRUE(position.since);
  start_at(position);
  for (const auto& event : written_) {
    give(event);
    EXPECT_EQ(assembler_->moved(), std::nullopt);
  }
  EXPECT_THAT(values(), IsEmpty());
  EXPECT_EQ(assembler_->position(), position);
  EXPECT_EQ(assembler_->position().since->offset, position.since->offset);
}

TEST_P(XaAssembly, a_commit_of_what_was_never_prepared_stops) {
  EXPECT_EQ(code_of([&] { end('a', "ROLLBACK"); }), "no error") << "nothing of it was given";
  EXPECT_EQ(code_of([&] { end('a', "COMMIT"); }), "source.xa_unknown");
}

TEST_P(XaAssembly, a_commit_from_before_the_position_of_what_was_prepared_earlier_is_past) {
  ordinary("\x01");
  const auto since = parts_.back().end;
  end('a', "ROLLBACK");
  gtid(wire::MariadbGtid::completed_xa);
  wire::Query q;
  q.statement = keep("XA COMMIT " + text_of('b'));
  wire::Event e;
  e.header.type = wire::EventType::query;
  e.header.event_size = 100;
  e.header.end_position = offset_ += 100;
  e.body = q;
  written_.push_back(e);
  auto position = model::Position::in_log("bin.000001", offset_);
  position.since = model::Position::Place{since.log, since.offset};
  go_on_from(position);
  EXPECT_EQ(assembler_->position(), position);
}

TEST_P(XaAssembly, a_large_one_comes_in_parts_from_a_file) {
  const std::string many(ChangeAssembler::part_bytes / 24, '\x01');
  start('a');
  for (int i = 0; i < 4; ++i) insert("i", many);
  insert("j", "\x02");
  prepare('a');
  EXPECT_THAT(parts_, IsEmpty());
  ordinary("\x03");
  const std::uint32_t before = offset_;
  end('a', "COMMIT");
  ASSERT_GT(parts_.size(), 3U);
  std::size_t ones = 0;
  std::size_t twos = 0;
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    EXPECT_EQ(parts_[i].begin.offset, before);
    EXPECT_EQ(parts_[i].last, i + 1 == parts_.size());
    for (const auto& e : parts_[i].events) (e.collection == 1 ? ones : twos) += e.after.rows();
  }
  EXPECT_EQ(parts_.back().end.offset, offset_);
  EXPECT_EQ(ones, 4 * many.size());
  EXPECT_EQ(twos, 1U);
}

TEST_P(XaAssembly, many_together_take_bounded_memory) {
  const std::string many(ChangeAssembler::part_bytes / 48, '\x01');
  for (char id = 'a'; id < 'a' + 24; ++id) prepared(id, "i", many);
  EXPECT_LE(assembler_->prepared().bytes_in_memory(), PreparedXa::memory_limit);
  std::size_t rows = 0;
  for (char id = 'a'; id < 'a' + 24; ++id) end(id, "COMMIT");
  for (const auto& part : parts_) {
    for (const auto& e : part.events) rows += e.after.rows();
  }
  EXPECT_EQ(rows, 24 * many.size());
}

TEST_P(XaAssembly, a_dropped_table_takes_its_rows_along) {
  start('a');
  insert("i", "\x01");
  insert("j", "\x02");
  prepare('a');
  definition("DROP TABLE j");
  tables_.erase(2);
  assembler_->track(tables_);
  end('a', "COMMIT");
  EXPECT_THAT(values(), ElementsAre("1"));
}

TEST_P(XaAssembly, another_definition_under_prepared_rows_stops_at_their_commit_alone) {
  prepared('a', "i", "\x01");
  prepared('b', "j", "\x02");
  definition("ALTER TABLE i ADD w INT");
  auto changed = tables_;
  changed.at(1).columns.push_back(changed.at(1).columns.front());
  assembler_->track(changed);
  end('b', "COMMIT");
  EXPECT_THAT(values(), ElementsAre("2"));
  EXPECT_EQ(code_of([&] { end('a', "COMMIT"); }), "source.xa_definition");
}

TEST_P(XaAssembly, an_emptied_table_under_prepared_rows_stops_on_mysql_which_lets_that_happen) {
  prepared('a', "i", "\x01");
  prepared('b', "j", "\x02");
  definition("TRUNCATE TABLE `I`");
  assembler_->track(tables_);
  end('b', "COMMIT");
  const bool mysql = GetParam() == Server::mysql;
  EXPECT_EQ(code_of([&] { end('a', "COMMIT"); }), mysql ? "source.xa_definition" : "no error");
}

TEST_P(XaAssembly, definitions_of_the_past_stop_what_they_may_have_changed) {
  prepared('a', "unwanted", "\x01");
  prepared('b', "j", "\x02");
  definition("RENAME TABLE unwanted TO `jj`");
  ordinary("\x03");
  go_on_from(parts_.back().end);
  EXPECT_THAT(values(), IsEmpty());
  end('b', "COMMIT");
  EXPECT_THAT(values(), ElementsAre("2"));
  const bool mysql = GetParam() == Server::mysql;
  EXPECT_EQ(code_of([&] { end('a', "COMMIT"); }), mysql ? "source.xa_definition" : "no error");
}

TEST_P(XaAssembly, what_is_past_need_not_be_readable_any_more) {
  prepared('a', "i", "\x01");
  prepared('b', "j", "\x02");
  ordinary("\x03");
  const auto position = parts_.back().end;
  tables_.at(1).columns.push_back(tables_.at(1).columns.front());
  go_on_from(position);
  end('b', "COMMIT");
  EXPECT_THAT(values(), ElementsAre("2"));
  EXPECT_EQ(code_of([&] { end('a', "COMMIT"); }), "binlog.schema_mismatch");
}

TEST_P(XaAssembly, rows_that_cannot_be_taken_back_are_refused_at_a_rollback) {
  tables_.at(2).engine = "MyISAM";
  assembler_->track(tables_);
  prepared('a', "j", "\x01");
  EXPECT_EQ(code_of([&] { end('a', "ROLLBACK"); }), "source.savepoint");
}

TEST_P(XaAssembly, one_that_was_lost_in_a_crash_makes_room_for_its_name) {
  prepared('a', "i", "\x01");
  prepared('a', "i", "\x02");
  end('a', "COMMIT");
  EXPECT_THAT(values(), ElementsAre("2"));
}

INSTANTIATE_TEST_SUITE_P(Servers, XaAssembly, testing::Values(Server::mariadb, Server::mysql),
                         [](const auto& server) {
                           return server.param == Server::mariadb ? "mariadb" : "mysql";
                         });

}  // namespace
}  // namespace wherry::stores::mysql
