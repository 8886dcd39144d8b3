// Triggers and events on real servers: made on another as they are, to the byte and in their order;
// dropped and made again on their own; and nobody else's is touched.

#include <chrono>
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
using contract::HeldBack;
using model::CollectionName;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = tests::ServerKind;

Endpoint endpoint_of(const tests::Server& server) {
  Endpoint e;
  e.socket = server.socket();
  e.user = "root";
  return e;
}

SourceOptions options_of(const tests::Server& server) {
  SourceOptions options;
  options.endpoint = endpoint_of(server);
  return options;
}

CollectionName as_it_is(const CollectionName& name) { return name; }
CollectionName elsewhere(const CollectionName& name) {
  return {name.schema == "s" ? "new" : name.schema, name.name};
}
bool chosen(const CollectionName& name) { return name.schema == "s" || name.schema == "new"; }

// As SHOW CREATE has them, but for when they were made: of `schema`, triggers in the order in which
// they act.
std::vector<std::string> shown(const tests::Server& server, const std::string& schema) {
  auto connection = server.connect();
  connection.exec("SET character_set_results=NULL");
  std::vector<std::string> out;
  const auto show = [&](const char* kind, const std::string& name, std::size_t columns) {
    std::string quoted;
    for (const char c : name) quoted += c == '`' ? "``" : std::string(1, c);
    const auto row =
        connection.query(std::string("SHOW CREATE ") + kind + " `" + schema + "`.`" + quoted + "`");
    std::string text = kind;
    for (std::size_t i = 0; i < columns; ++i) text += "|" + row.at(0).at(i).value();
    // One character set, which servers call by two names.
    for (std::size_t at = 0; (at = text.find("utf8mb3", at)) != std::string::npos;) {
      text.replace(at, std::string_view("utf8mb3").size(), "utf8");
    }
    out.push_back(text);
  };
  for (const auto& row : connection.query(
           "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA='" + schema +
           "' ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER")) {
    show("TRIGGER", row.at(0).value(), 6);
  }
  for (const auto& row :
       connection.query("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA='" +
                        schema + "' ORDER BY 1")) {
    show("EVENT", row.at(0).value(), 7);
  }
  return out;
}

void make_tables(const tests::Server& server, const std::string& schema) {
  server.exec_sql(
      "CREATE DATABASE " + schema + " CHARACTER SET latin1; USE " + schema +
      "; CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40) CHARACTER SET utf8); CREATE "
      "TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(40) CHARACTER SET utf8)");
}

constexpr std::size_t events = 4;

// Every kind of session and of words. Returns how many there are.
std::size_t make_objects(const tests::Server& server, Kind kind) {
  auto c = server.connect("s");
  c.exec("SET NAMES utf8mb4, sql_mode='NO_BACKSLASH_ESCAPES,NO_ZERO_DATE,STRICT_TRANS_TABLES'");
  c.exec(
      "CREATE DEFINER=`nobody`@`%` TRIGGER `trigger ``of` BEFORE INSERT ON t\nFOR EACH ROW  -- "
      "Größe\n  SET NEW.v = CONCAT(NEW.v, '\\ü')");
  c.exec("SET NAMES latin1, sql_mode='ANSI_QUOTES,PIPES_AS_CONCAT'");
  c.exec(
      "CREATE TRIGGER \"AnSi\" AFTER DELETE ON \"t\" FOR EACH ROW INSERT INTO \"log\" (v) "
      "VALUES (OLD.v || '\xe4\xf6')");
  c.exec("SET NAMES utf8, collation_connection=utf8_unicode_ci, sql_mode=''");
  c.exec(
      "CREATE TRIGGER many AFTER UPDATE ON t FOR EACH ROW BEGIN DECLARE x INT; /* ; */ SET "
      "x=1; IF NEW.v <> OLD.v THEN INSERT INTO log (v) VALUES ('a;b'); END IF; END");
  std::size_t triggers = 3;
  if (kind != Kind::mysql56) {
    c.exec("CREATE TRIGGER zz BEFORE UPDATE ON t FOR EACH ROW SET NEW.v=CONCAT(NEW.v,'z')");
    c.exec("CREATE TRIGGER aa BEFORE UPDATE ON t FOR EACH ROW FOLLOWS zz SET NEW.v='a'");
    c.exec("CREATE TRIGGER mm BEFORE UPDATE ON t FOR EACH ROW PRECEDES aa SET NEW.v='m'");
    triggers += 3;
  }
  c.exec("SET time_zone='+03:00', sql_mode='NO_ZERO_IN_DATE,ANSI_QUOTES'");
  c.exec(
      "CREATE DEFINER='app'@'10.%' EVENT hourly ON SCHEDULE EVERY 1 HOUR STARTS '2030-01-01 "
      "00:00:00' ENDS '2036-01-01 00:00:00' ON COMPLETION PRESERVE COMMENT 'it''s \\ hourly' DO "
      "INSERT INTO \"log\" (v) VALUES ('h')");
  c.exec("SET NAMES latin1, time_zone='SYSTEM', sql_mode=''");
  c.exec(
      "CREATE EVENT `off` ON SCHEDULE EVERY 2 DAY STARTS '2031-01-01 00:00:00' DISABLE DO "
      "BEGIN DELETE FROM log WHERE v='\xfc'; END");
  c.exec("CREATE EVENT once ON SCHEDULE AT '2035-05-05 05:05:05' DO DELETE FROM t");
  c.exec(
      "CREATE EVENT s.`elsewhere ``too` ON SCHEDULE EVERY 9 MINUTE STARTS '2019-01-01 00:00:00' "
      "DISABLE ON SLAVE DO SET @a=1");
  return triggers + events;
}

std::vector<std::string> blockers(const std::vector<model::Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& f : findings) {
    if (f.severity == model::Severity::blocker) out.push_back(f.code + " " + f.subject);
  }
  return out;
}
std::vector<std::string> with_code(const std::vector<model::Finding>& findings,
                                   const std::string& code) {
  std::vector<std::string> out;
  for (const auto& f : findings) {
    if (f.code == code) out.push_back(f.subject + ": " + f.why);
  }
  return out;
}

class MysqlHeldBack : public tests::OfWay {
 protected:
  void SetUp() override {
    OfWay::SetUp();
    if (IsSkipped()) return;
    from_.emplace(tests::Server::start(GetParam().from));
    to_.emplace(tests::Server::start(GetParam().to));
    make_tables(*from_, "s");
    const bool fewer = GetParam().from == Kind::mysql56 || GetParam().to == Kind::mysql56;
    objects_ = make_objects(*from_, fewer ? Kind::mysql56 : GetParam().from);
    source_.emplace(options_of(*from_));
    target_.emplace(endpoint_of(*to_));
    target_->prepare();
    fence_ = target_->acquire({"m", "me", std::chrono::seconds(60)});
    list_ = target_->held_back(*source_, chosen);
    ASSERT_EQ(list_.size(), objects_);
  }

  std::optional<tests::Server> from_;
  std::optional<tests::Server> to_;
  std::optional<Source> source_;
  std::optional<Target> target_;
  contract::Fence fence_;
  std::size_t objects_ = 0;
  std::vector<HeldBack> list_;
};
using enum tests::ServerKind;
INSTANTIATE_TEST_SUITE_P(
    Ways, MysqlHeldBack,
    ::testing::Values(tests::Way{mariadb, mariadb}, tests::Way{mysql57, mysql57},
                      tests::Way{mysql56, mysql56}, tests::Way{mysql56, mysql57},
                      tests::Way{mysql57, mariadb}, tests::Way{mariadb, mysql57}),
    tests::name_of_way);

TEST_P(MysqlHeldBack, are_made_to_the_byte_and_again_and_removed) {
  make_tables(*to_, "s");
  to_->exec_sql("CREATE TRIGGER s.others AFTER INSERT ON s.log FOR EACH ROW SET @a=1");
  const auto wanted = shown(*from_, "s");
  ASSERT_EQ(wanted.size(), objects_);
  for (int time = 0; time < 2; ++time) {
    const auto findings = target_->make_held_back(fence_, list_, as_it_is, {});
    EXPECT_THAT(blockers(findings), IsEmpty());
    EXPECT_THAT(with_code(findings, "objects.differs"), IsEmpty());
    auto made = shown(*to_, "s");
    std::erase_if(made, [](const auto& one) { return one.find("|others|") != std::string::npos; });
    EXPECT_EQ(made, wanted);
  }
  target_->remove_held_back(fence_, {});
  EXPECT_THAT(shown(*to_, "s"), ElementsAre(HasSubstr("|others|")));
  target_->remove_held_back(fence_, {});
}

TEST_P(MysqlHeldBack, in_another_schema_have_the_same_words) {
  make_tables(*to_, "new");
  EXPECT_THAT(blockers(target_->make_held_back(fence_, list_, elsewhere, {})), IsEmpty());
  EXPECT_EQ(shown(*to_, "new"), shown(*from_, "s"));
  // They act on the tables beside them.
  to_->exec_sql(
      "CREATE USER nobody@'%'; GRANT ALL ON *.* TO nobody@'%'; INSERT INTO new.t VALUES (1,'x'); "
      "DELETE FROM new.t");
  EXPECT_THAT(to_->query("SELECT v FROM new.log"), ElementsAre(ElementsAre("x\\ü"
                                                                           "äö")));
}

class MysqlHeldBackOf : public tests::OfKind {
 protected:
  void SetUp() override {
    OfKind::SetUp();
    if (IsSkipped()) return;
    server_.emplace(tests::Server::start(GetParam()));
    make_tables(*server_, "s");
    source_.emplace(options_of(*server_));
    open_target({});
  }
  void open_target(const DefinerMap& definers) {
    target_.emplace(endpoint_of(*server_), std::string(), definers);
    target_->prepare();
    fence_ = target_->acquire({"m", "me", std::chrono::seconds(60)});
  }
  std::vector<HeldBack> list() { return target_->held_back(*source_, chosen); }
  std::string show_trigger(const std::string& name) {
    return server_->query("SHOW CREATE TRIGGER " + name).at(0).at(2).value();
  }

  std::optional<tests::Server> server_;
  std::optional<Source> source_;
  std::optional<Target> target_;
  contract::Fence fence_;
};
INSTANTIATE_TEST_SUITE_P(Servers, MysqlHeldBackOf,
                         ::testing::Values(Kind::mariadb, Kind::mysql56, Kind::mysql57),
                         tests::name_of_kind);

TEST_P(MysqlHeldBackOf, what_was_listed_and_dropped_is_made_again_to_the_byte) {
  const std::size_t objects = make_objects(*server_, GetParam());
  const auto before = shown(*server_, "s");
  ASSERT_EQ(before.size(), objects);
  const auto listed = list();
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(target_->drop_listed(fence_, listed, {}), IsEmpty());
    EXPECT_THAT(shown(*server_, "s"), IsEmpty());
    EXPECT_THAT(target_->drop_listed(fence_, listed, {}), IsEmpty());
    EXPECT_THAT(blockers(target_->make_held_back(fence_, listed, as_it_is, {})), IsEmpty());
    EXPECT_EQ(shown(*server_, "s"), before);
  }
}

TEST_P(MysqlHeldBackOf, one_that_was_changed_since_it_was_listed_is_not_dropped) {
  server_->exec_sql(
      "CREATE TRIGGER s.a BEFORE INSERT ON s.t FOR EACH ROW SET @a=1; CREATE EVENT s.e ON SCHEDULE "
      "EVERY 1 DAY DO SET @a=1; CREATE TRIGGER s.b AFTER INSERT ON s.t FOR EACH ROW SET @a=1");
  const auto listed = list();
  server_->exec_sql(
      "DROP TRIGGER s.a; CREATE TRIGGER s.a BEFORE INSERT ON s.t FOR EACH ROW SET @a=2; ALTER "
      "EVENT s.e DISABLE");
  EXPECT_THAT(blockers(target_->drop_listed(fence_, listed, {})),
              ElementsAre("objects.changed trigger s.a", "objects.changed event s.e"));
  EXPECT_THAT(show_trigger("s.a"), HasSubstr("@a=2"));
  EXPECT_EQ(shown(*server_, "s").size(), 2U);
}

TEST_P(MysqlHeldBackOf, what_others_made_under_its_name_stays) {
  make_tables(*server_, "new");
  server_->exec_sql(
      "CREATE TRIGGER s.a BEFORE INSERT ON s.t FOR EACH ROW SET @a=1; CREATE EVENT s.e ON SCHEDULE "
      "EVERY 1 DAY DO SET @a=1; CREATE TRIGGER s.b AFTER INSERT ON s.t FOR EACH ROW SET @a=1; "
      "CREATE TRIGGER new.a BEFORE INSERT ON new.log FOR EACH ROW SET @a=9; CREATE EVENT new.e ON "
      "SCHEDULE EVERY 9 DAY DO SET @a=9");
  auto listed = list();
  std::erase_if(listed, [](const HeldBack& one) { return one.name.schema != "s"; });
  const auto found = target_->make_held_back(fence_, listed, elsewhere, {});
  EXPECT_THAT(blockers(found),
              ElementsAre("target.object_exists trigger s.a", "target.object_exists event s.e"));
  EXPECT_EQ(shown(*server_, "new").size(), 3U);
  target_->remove_held_back(fence_, {});
  EXPECT_EQ(shown(*server_, "new").size(), 2U);
  EXPECT_THAT(show_trigger("new.a"), HasSubstr("@a=9"));
}

TEST_P(MysqlHeldBackOf, names_are_exchanged_where_they_are_certain_and_else_it_is_a_finding) {
  server_->exec_sql(
      "CREATE DATABASE new; CREATE TABLE new.t2 (id INT PRIMARY KEY, v VARCHAR(40)); CREATE TABLE "
      "new.log LIKE s.log; CREATE TRIGGER s.a BEFORE INSERT ON s.t FOR EACH ROW INSERT INTO s.log "
      "(v) VALUES (NEW.v); USE s; CREATE TRIGGER b AFTER INSERT ON t FOR EACH ROW INSERT INTO log "
      "(v) VALUES (NEW.v); CREATE TRIGGER c AFTER DELETE ON log FOR EACH ROW DELETE FROM t");
  const auto route = [](const CollectionName& name) {
    if (name == CollectionName{"s", "t"}) return CollectionName{"new", "t2"};
    return elsewhere(name);
  };
  EXPECT_THAT(blockers(target_->make_held_back(fence_, list(), route, {})),
              ElementsAre("objects.names trigger s.c"));
  EXPECT_THAT(show_trigger("new.a"), HasSubstr("TRIGGER `new`.`a` BEFORE INSERT ON `new`.`t2` FOR "
                                               "EACH ROW INSERT INTO `new`.`log`"));
  EXPECT_THAT(show_trigger("new.b"),
              HasSubstr("TRIGGER b AFTER INSERT ON `t2` FOR EACH ROW INSERT INTO log"));
  server_->exec_sql("INSERT INTO new.t2 VALUES (1,'x')");
  EXPECT_THAT(server_->query("SELECT v FROM new.log"), testing::SizeIs(2));

  // Both would be new.a.
  server_->exec_sql(
      "CREATE DATABASE other; CREATE TABLE other.t (id INT); CREATE TRIGGER other.a "
      "BEFORE INSERT ON other.t FOR EACH ROW SET @a=1");
  const auto together = [&](const CollectionName& name) {
    return name.schema == "other" ? CollectionName{"new", "log"} : route(name);
  };
  auto both = target_->held_back(*source_, [](const CollectionName& name) {
    return name.schema == "other" || name == CollectionName{"s", "t"};
  });
  EXPECT_THAT(blockers(target_->make_held_back(fence_, both, together, {})),
              testing::Contains(HasSubstr("objects.name_taken_twice trigger")));
}

TEST_P(MysqlHeldBackOf, definers_are_those_that_the_map_names) {
  make_tables(*server_, "new");
  server_->exec_sql(
      "CREATE DEFINER=`old`@`%` TRIGGER s.a BEFORE INSERT ON s.t FOR EACH ROW SET @a=1; CREATE "
      "DEFINER=`old`@`%` EVENT s.e ON SCHEDULE EVERY 1 DAY DO SET @a=1");
  open_target({{"old@%", "root@localhost"}});
  auto listed = list();
  const auto findings = target_->make_held_back(fence_, listed, elsewhere, {});
  EXPECT_THAT(findings, IsEmpty()) << testing::PrintToString(blockers(findings));
  EXPECT_EQ(server_
                ->query("SELECT DEFINER FROM information_schema.TRIGGERS WHERE "
                        "TRIGGER_SCHEMA='new'")
                .at(0)
                .at(0),
            "root@localhost");
  EXPECT_EQ(server_
                ->query("SELECT DEFINER FROM information_schema.EVENTS WHERE "
                        "EVENT_SCHEMA='new'")
                .at(0)
                .at(0),
            "root@localhost");
}

TEST_P(MysqlHeldBackOf, what_cannot_be_as_it_was_is_a_finding) {
  server_->exec_sql(
      "CREATE EVENT s.e ON SCHEDULE AT '2035-05-05 05:05:05' DO SET @a=1; CREATE TRIGGER s.a "
      "BEFORE INSERT ON s.t FOR EACH ROW SET @a=1; CREATE DATABASE new CHARACTER SET utf8; CREATE "
      "TABLE new.t LIKE s.t");
  auto listed = list();
  ASSERT_EQ(listed.size(), 2U);
  HeldBack hidden = listed[0];
  hidden.name.name = "h";
  hidden.sql.clear();
  listed.push_back(hidden);
  std::string& event = listed[1].sql;
  event.replace(event.find("2035"), 4, "2005");
  const auto findings = target_->make_held_back(fence_, listed, elsewhere, {});
  EXPECT_THAT(blockers(findings),
              ElementsAre("objects.not_there event s.e", "objects.hidden trigger s.h"));
  EXPECT_THAT(with_code(findings, "objects.differs"),
              ElementsAre(HasSubstr("trigger s.a: on the target it has schema's collation")));
}

TEST_P(MysqlHeldBackOf, who_is_not_the_writer_any_more_makes_and_drops_none) {
  server_->exec_sql("CREATE TRIGGER s.a BEFORE INSERT ON s.t FOR EACH ROW SET @a=1");
  make_tables(*server_, "new");
  const auto listed = list();
  const auto old = fence_;
  fence_ = target_->acquire({"m", "me", std::chrono::seconds(60)});
  EXPECT_EQ(code_of([&] { target_->make_held_back(old, listed, elsewhere, {}); }), "lease.fenced");
  EXPECT_EQ(code_of([&] { target_->drop_listed(old, listed, {}); }), "lease.fenced");
  EXPECT_EQ(shown(*server_, "s").size(), 1U);
  EXPECT_THAT(shown(*server_, "new"), IsEmpty());
  target_->make_held_back(fence_, listed, elsewhere, {});
  EXPECT_EQ(code_of([&] { target_->remove_held_back(old, {}); }), "lease.fenced");
  EXPECT_EQ(shown(*server_, "new").size(), 1U);
}

}  // namespace
}  // namespace wherry::stores::mysql
