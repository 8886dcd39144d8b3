// What counts up by itself, on real servers: read on one side, lifted on the other, and back, so
// that no value comes twice.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "stores/mysql/source.h"
#include "stores/mysql/target.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using contract::CounterTable;
using model::CollectionName;
using model::Counter;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = tests::ServerKind;

// From schema `s` to schema `new` of one server, and back.
CollectionName there(const CollectionName& name) {
  return {name.schema == "s" ? "new" : name.schema, name.name};
}
CollectionName back(const CollectionName& name) {
  return {name.schema == "new" ? "s" : name.schema, name.name};
}

class MysqlCounters : public tests::OfKind {
 protected:
  void SetUp() override {
    OfKind::SetUp();
    if (IsSkipped()) return;
    server_.emplace(tests::Server::start(GetParam()));
    for (const auto* schema : {"s", "new"}) {
      sql(std::string("CREATE DATABASE ") + schema + "; USE " + schema +
          "; CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, v INT); CREATE TABLE tiny (id "
          "TINYINT PRIMARY KEY AUTO_INCREMENT, v INT); CREATE TABLE `by``two` (a INT, id BIGINT "
          "UNSIGNED AUTO_INCREMENT, v INT, PRIMARY KEY (a), UNIQUE KEY (id)); CREATE TABLE plain "
          "(id INT PRIMARY KEY); CREATE TABLE sequence (name VARCHAR(64) CHARACTER SET latin1 "
          "PRIMARY KEY, value BIGINT NOT NULL, step INT NOT NULL)");
    }
    Endpoint endpoint;
    endpoint.socket = server_->socket();
    endpoint.user = "root";
    SourceOptions options;
    options.endpoint = endpoint;
    source_.emplace(options);
    target_.emplace(endpoint);
    target_->prepare();
    fence_ = target_->acquire({"m", "me", std::chrono::seconds(60)});
  }

  void sql(const std::string& text) { server_->exec_sql(text); }
  std::string value(const std::string& text) { return server_->query(text).at(0).at(0).value(); }

  // By what they are: "auto_increment s.orders" → the next value.
  std::map<std::string, std::string> told(const std::string& schema) {
    std::map<std::string, std::string> out;
    for (const auto& counter : counters(schema)) {
      out[counter.subject()] = model::text_of(counter.next);
    }
    return out;
  }
  std::vector<Counter> counters(const std::string& schema) {
    return source_->counters([&](const CollectionName& name) { return name.schema == schema; },
                             rules_);
  }
  Counter counter(const std::string& subject) {
    for (auto& one : counters("s")) {
      if (one.subject() == subject) return one;
    }
    throw std::logic_error("no " + subject);
  }
  contract::Lifted lift(const std::vector<Counter>& wanted) {
    return target_->lift(fence_, wanted, rules_, there, {});
  }
  std::vector<Counter> behind(const std::vector<Counter>& wanted) {
    return target_->check(wanted, rules_, there);
  }
  std::string next_order(const std::string& schema) {
    auto connection = server_->connect(schema);
    connection.exec("INSERT INTO orders (v) VALUES (1)");
    return connection.value("SELECT LAST_INSERT_ID()").value();
  }

  std::optional<tests::Server> server_;
  std::optional<Source> source_;
  std::optional<Target> target_;
  contract::Fence fence_;
  std::vector<CounterTable> rules_;
};
INSTANTIATE_TEST_SUITE_P(Servers, MysqlCounters,
                         ::testing::Values(Kind::mariadb, Kind::mysql56, Kind::mysql57),
                         tests::name_of_kind);

std::vector<std::string> codes_of(const std::vector<model::Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& f : findings) out.push_back(f.code + " " + f.subject);
  return out;
}

TEST_P(MysqlCounters, an_auto_increment_is_told_with_its_type_and_lifted_past_the_margin) {
  // The greatest keys were given out and are gone.
  sql("INSERT INTO s.orders VALUES (5,1),(40,1); DELETE FROM s.orders WHERE id=40; INSERT INTO "
      "s.`by``two` VALUES (1,18446744073709551000,1)");
  const auto told_now = told("s");
  EXPECT_THAT(told_now, ElementsAre(std::pair("auto_increment s.by`two", "18446744073709551001"),
                                    std::pair("auto_increment s.orders", "41"),
                                    std::pair("auto_increment s.tiny", "1")));
  EXPECT_EQ(model::text_of(counter("auto_increment s.by`two").last), "18446744073709551615");
  EXPECT_EQ(model::text_of(counter("auto_increment s.tiny").last), "127");

  std::vector<Counter> wanted;
  for (const auto& one : counters("s")) wanted.push_back(model::lifted(one, 100));
  EXPECT_EQ(behind(wanted).size(), 3U);
  const auto lifted = lift(wanted);
  EXPECT_EQ(lifted.counters.size(), 3U);
  EXPECT_THAT(lifted.findings, IsEmpty());
  EXPECT_THAT(behind(wanted), IsEmpty());
  EXPECT_EQ(told("new").at("auto_increment new.orders"), "141");
  EXPECT_EQ(next_order("new"), "141");

  // A repeat, or less, lowers nothing.
  for (auto& one : wanted) one.next -= 50;
  EXPECT_THAT(lift(wanted).counters, IsEmpty());
  EXPECT_EQ(next_order("new"), "142");
}

TEST_P(MysqlCounters, no_key_comes_twice_there_or_on_the_way_back) {
  sql("INSERT INTO s.orders (v) VALUES (1),(1),(1),(1),(1),(1),(1); DELETE FROM s.orders WHERE "
      "id>3; INSERT INTO new.orders SELECT * FROM s.orders");
  lift({model::lifted(counter("auto_increment s.orders"), 10)});
  EXPECT_EQ(next_order("new"), "18");
  sql("DELETE FROM new.orders WHERE id=18");

  const auto chosen = [](const CollectionName& n) { return n == CollectionName{"new", "orders"}; };
  const auto now = source_->counters(chosen, {});
  ASSERT_EQ(now.size(), 1U);
  target_->lift(fence_, now, {}, back, {});
  EXPECT_EQ(next_order("s"), "19");
}

TEST_P(MysqlCounters, servers_that_count_in_steps_give_nothing_below) {
  sql("SET GLOBAL auto_increment_increment=10, GLOBAL auto_increment_offset=3");
  Counter wanted = counter("auto_increment s.orders");
  wanted.next = 95;
  lift({wanted});
  EXPECT_EQ(next_order("new"), "103");
}

TEST_P(MysqlCounters, what_the_type_does_not_hold_is_a_finding_and_not_lifted) {
  sql("INSERT INTO s.tiny VALUES (120,1)");
  const Counter now = counter("auto_increment s.tiny");
  EXPECT_THAT(codes_of(lift({model::lifted(now, 7)}).findings),
              ElementsAre("counter.exhausted auto_increment s.tiny"));
  EXPECT_EQ(told("new").at("auto_increment new.tiny"), "1");
  EXPECT_THAT(lift({model::lifted(now, 6)}).findings, IsEmpty());
  EXPECT_EQ(told("new").at("auto_increment new.tiny"), "127");

  // The type that counts is the target's.
  sql("ALTER TABLE new.orders MODIFY id TINYINT AUTO_INCREMENT");
  EXPECT_THAT(codes_of(lift({model::lifted(counter("auto_increment s.orders"), 1000)}).findings),
              ElementsAre("counter.exhausted auto_increment s.orders"));
}

TEST_P(MysqlCounters, what_the_target_does_not_have_is_a_finding) {
  const Counter orders = counter("auto_increment s.orders");
  sql("DROP TABLE new.orders");
  EXPECT_EQ(behind({orders}).size(), 1U);
  EXPECT_THAT(codes_of(lift({orders}).findings),
              ElementsAre("counter.missing auto_increment s.orders"));
  sql("CREATE TABLE new.orders (id INT PRIMARY KEY)");
  EXPECT_THAT(codes_of(lift({orders}).findings),
              ElementsAre("counter.missing auto_increment s.orders"));
}

TEST_P(MysqlCounters, a_restart_that_forgets_a_lift_is_noticed_and_mended) {
  const std::vector<Counter> wanted{model::lifted(counter("auto_increment s.orders"), 500)};
  lift(wanted);
  EXPECT_THAT(behind(wanted), IsEmpty());
  server_->restart();
  const bool forgets = GetParam() != Kind::mariadb;
  EXPECT_EQ(behind(wanted).size(), forgets ? 1U : 0U);
  EXPECT_EQ(lift(wanted).counters.size(), forgets ? 1U : 0U);
  EXPECT_EQ(next_order("new"), "501");
}

TEST_P(MysqlCounters, a_table_in_use_is_not_waited_for_long) {
  auto other = server_->connect("new");
  other.exec("LOCK TABLES orders READ");
  Counter wanted = counter("auto_increment s.orders");
  wanted.next = 95;
  EXPECT_EQ(code_of([&] { lift({wanted}); }), "mysql.lock");
  other.exec("UNLOCK TABLES");
  EXPECT_EQ(lift({wanted}).counters.size(), 1U);
}

TEST_P(MysqlCounters, who_is_not_the_writer_any_more_lifts_nothing) {
  const auto old = fence_;
  fence_ = target_->acquire({"m", "me", std::chrono::seconds(60)});
  Counter wanted = counter("auto_increment s.orders");
  wanted.next = 95;
  EXPECT_EQ(code_of([&] { target_->lift(old, {wanted}, {}, there, {}); }), "lease.fenced");
  EXPECT_EQ(told("new").at("auto_increment new.orders"), "1");
}

TEST_P(MysqlCounters, rows_that_numbers_are_taken_from_are_lifted_in_their_steps) {
  sql("INSERT INTO s.sequence VALUES ('orders',10000,1000), (_latin1 x'FC',7,5)");
  sql("INSERT INTO new.sequence SELECT * FROM s.sequence");
  rules_ = {{{"s", "sequence"}, "name", "value", "step", 1}};
  const auto all = counters("s");
  const Counter orders = counter("row orders of s.sequence");
  EXPECT_EQ(model::text_of(orders.next), "10000");
  EXPECT_EQ(model::text_of(orders.last), "9223372036854775807");
  const Counter other = counter("row \\xfc of s.sequence");
  const std::vector<Counter> wanted{model::lifted(orders, 1), model::lifted(other, 11)};
  EXPECT_EQ(behind(wanted).size(), 2U);
  EXPECT_THAT(lift(wanted).findings, IsEmpty());
  EXPECT_THAT(behind(wanted), IsEmpty());
  EXPECT_EQ(value("SELECT value FROM new.sequence WHERE name='orders'"), "11000");
  EXPECT_EQ(value("SELECT value FROM new.sequence WHERE name=_latin1 x'FC'"), "22");

  rules_ = {{{"s", "sequence"}, "name", "value", "", 500}};
  EXPECT_EQ(model::text_of(model::lifted(counter("row orders of s.sequence"), 1).next), "10500");
  sql("DELETE FROM new.sequence WHERE name='orders'");
  EXPECT_THAT(codes_of(lift({wanted[0]}).findings),
              ElementsAre("counter.missing row orders of s.sequence"));
}

TEST_P(MysqlCounters, a_table_of_counters_that_has_no_such_columns_is_refused) {
  sql("INSERT INTO s.sequence VALUES ('orders',10000,0)");
  for (const auto& rule : {CounterTable{{"s", "sequence"}, "name", "count", "", 1},
                           CounterTable{{"s", "sequence"}, "title", "value", "", 1},
                           CounterTable{{"s", "sequence"}, "name", "name", "", 1},
                           CounterTable{{"s", "sequence"}, "name", "value", "steps", 1},
                           CounterTable{{"s", "sequence"}, "name", "value", "step", 1}}) {
    rules_ = {rule};
    EXPECT_EQ(code_of([&] { counters("s"); }), "counter.column")
        << rule.name_column << " " << rule.value_column << " " << rule.step_column;
  }
}

// MariaDB alone has them.
class MysqlSequences : public testing::Test {
 protected:
  void SetUp() override {
    server_.emplace(tests::Server::start_mariadb());
    server_->exec_sql(
        "CREATE DATABASE s; USE s; CREATE SEQUENCE q START WITH 10 INCREMENT BY 5 CACHE 10; CREATE "
        "SEQUENCE `do``wn` MINVALUE -100 MAXVALUE -1 START WITH -1 INCREMENT BY -2 NOCACHE; CREATE "
        "SEQUENCE turns MAXVALUE 20 CACHE 3 CYCLE; CREATE TABLE t (id INT PRIMARY KEY DEFAULT "
        "NEXTVAL(q), v INT)");
    Endpoint endpoint;
    endpoint.socket = server_->socket();
    endpoint.user = "root";
    SourceOptions options;
    options.endpoint = endpoint;
    source_.emplace(options);
    target_.emplace(endpoint);
    target_->prepare();
    fence_ = target_->acquire({"m", "me", std::chrono::seconds(60)});
    target_->start_stream(fence_, model::Position::in_log("log.000001", 4));
  }

  static bool chosen(const CollectionName& name) { return name.schema == "s"; }
  std::vector<model::Finding> make() {
    std::vector<contract::TablePair> pairs;
    for (auto& shape : source_->tables(chosen)) pairs.push_back({1, shape, there(shape.name)});
    target_->create_tables(fence_, *source_, pairs);
    return target_->create_objects(fence_, *source_, chosen, there);
  }
  std::string value(const std::string& text) { return server_->query(text).at(0).at(0).value(); }
  std::string shown(const std::string& name) {
    return server_->query("SHOW CREATE SEQUENCE " + name).at(0).at(1).value();
  }
  contract::ObjectOutcome follow(const std::string& statement) {
    server_->exec_sql("USE s; " + statement);
    model::DdlEvent event;
    event.default_schema = "s";
    event.statement = statement;
    event.charset = "utf8mb4";
    EXPECT_EQ(target_->plan_object(event, chosen, there).kind, contract::ObjectPlan::Kind::apply);
    contract::WindowMark mark;
    mark.number = ++window_;
    mark.end = model::Position::in_log("log.000001", 4 + window_);
    return target_->apply_object(fence_, event, chosen, there, mark, {});
  }

  std::optional<tests::Server> server_;
  std::optional<Source> source_;
  std::optional<Target> target_;
  contract::Fence fence_;
  std::uint64_t window_ = 0;
};

TEST_F(MysqlSequences, are_made_with_the_tables_that_take_values_of_them) {
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(codes_of(make()), IsEmpty());
    for (const auto* name : {"q", "`do``wn`", "turns"}) {
      EXPECT_EQ(shown(std::string("new.") + name), shown(std::string("s.") + name));
    }
    EXPECT_THAT(server_->query("SHOW CREATE TABLE new.t").at(0).at(1).value(),
                testing::HasSubstr("nextval(`new`.`q`)"));
  }
  server_->exec_sql("INSERT INTO new.t (v) VALUES (1)");
  EXPECT_EQ(value("SELECT id FROM new.t"), "10");
}

TEST_F(MysqlSequences, are_lifted_past_what_was_given_out) {
  make();
  server_->exec_sql("SELECT NEXTVAL(s.q); SELECT NEXTVAL(s.`do``wn`); SELECT NEXTVAL(s.`do``wn`)");
  for (int i = 0; i < 22; ++i) server_->exec_sql("SELECT NEXTVAL(s.turns)");
  std::vector<Counter> wanted;
  for (const auto& one : source_->counters(chosen, {})) wanted.push_back(model::lifted(one, 3));
  ASSERT_EQ(wanted.size(), 3U);
  EXPECT_EQ(target_->check(wanted, {}, there).size(), 3U);
  EXPECT_THAT(target_->lift(fence_, wanted, {}, there, {}).findings, IsEmpty());
  EXPECT_THAT(target_->check(wanted, {}, there), IsEmpty());
  EXPECT_THAT(target_->lift(fence_, wanted, {}, there, {}).counters, IsEmpty());
  // 50 values are reserved in memory, and one step more.
  EXPECT_EQ(value("SELECT NEXTVAL(new.q)"), "65");
  EXPECT_EQ(value("SELECT NEXTVAL(new.`do``wn`)"), "-9");
  EXPECT_EQ(value("SELECT cycle_count FROM new.turns"), "1");
  EXPECT_EQ(value("SELECT NEXTVAL(new.turns)"), "7");

  // The end of one that does not begin again.
  server_->exec_sql("SELECT SETVAL(s.`do``wn`, -99)");
  const auto chosen_one = [](const CollectionName& name) { return name.name == "do`wn"; };
  const auto now =
      source_->counters([&](const CollectionName& n) { return chosen(n) && chosen_one(n); }, {});
  ASSERT_EQ(now.size(), 1U);
  EXPECT_THAT(codes_of(target_->lift(fence_, now, {}, there, {}).findings),
              ElementsAre("counter.exhausted sequence s.do`wn"));
}

TEST_F(MysqlSequences, are_followed_and_go_with_what_drops_them) {
  make();
  EXPECT_THAT(codes_of(follow("CREATE SEQUENCE more START WITH 7").findings), IsEmpty());
  EXPECT_EQ(shown("new.more"), shown("s.more"));
  EXPECT_THAT(codes_of(follow("ALTER SEQUENCE more INCREMENT BY 3").findings), IsEmpty());
  EXPECT_EQ(shown("new.more"), shown("s.more"));
  EXPECT_THAT(codes_of(follow("DROP SEQUENCE more, turns").findings), IsEmpty());
  EXPECT_THAT(server_->query("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA='new' AND "
                             "TABLE_TYPE='SEQUENCE'"),
              testing::SizeIs(2));
}

TEST_F(MysqlSequences, of_others_stay_and_those_that_are_not_chosen_are_told) {
  server_->exec_sql("CREATE DATABASE new; CREATE SEQUENCE new.turns START WITH 3");
  EXPECT_THAT(codes_of(make()), ElementsAre("target.object_exists sequence s.turns"));
  EXPECT_EQ(value("SELECT NEXTVAL(new.turns)"), "3");
  const auto without = [](const CollectionName& name) {
    return chosen(name) && name.name != "q" && name.name != "turns";
  };
  EXPECT_THAT(codes_of(target_->create_objects(fence_, *source_, without, there)),
              ElementsAre("objects.sequence_not_chosen sequence new.q"));
  server_->exec_sql("DROP TABLE new.t");
  EXPECT_THAT(codes_of(target_->create_objects(fence_, *source_, without, there)), IsEmpty());
  EXPECT_THAT(server_->query("SHOW TABLES FROM new LIKE 'q'"), IsEmpty());
}

}  // namespace
}  // namespace wherry::stores::mysql
