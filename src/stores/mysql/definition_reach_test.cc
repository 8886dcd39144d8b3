#include "stores/mysql/definition_reach.h"

#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using model::Position;

Position at(std::uint64_t offset) { return Position::in_log("bin.000001", offset); }

wire::mysql::Query query(std::string_view statement, std::string_view schema = "elsewhere") {
  wire::mysql::Query q;
  q.statement = statement;
  q.schema = schema;
  q.sql_mode = 0;
  return q;
}

class DefinitionReachTest : public testing::Test {
 protected:
  bool touches(std::string_view statement, std::string_view schema = "elsewhere") {
    return reach_.may_touch(query(statement, schema), "shop");
  }
  void follow(std::string_view statement, std::string_view schema = "elsewhere") {
    EXPECT_TRUE(reach_.follow(query(statement, schema), at(200)));
  }

  DefinitionReach reach_{at(100)};
};

TEST_F(DefinitionReachTest, a_statement_reaches_what_definitions_of_its_schemas_mention) {
  EXPECT_FALSE(touches("UPDATE t SET a=1"));
  reach_.add("Elsewhere", "BEGIN INSERT INTO `Shop`.audit VALUES (NEW.a); END", {});
  EXPECT_TRUE(touches("UPDATE t SET a=1"));
  EXPECT_TRUE(touches("UPDATE elsewhere.t SET a=1", ""));
  EXPECT_TRUE(touches("UPDATE t, ELSEWHERE.u SET a=1", "third"));
  EXPECT_FALSE(touches("UPDATE t SET a=1", "third"));
}

TEST_F(DefinitionReachTest, it_goes_on_from_schema_to_schema) {
  reach_.add("elsewhere", "CALL second.p()", {});
  reach_.add("second", "DO third.f()", {});
  reach_.add("second", "DO elsewhere.f()", {});
  EXPECT_FALSE(touches("UPDATE t SET a=1"));
  reach_.add("third", "BEGIN DELETE FROM shop.t; RETURN 1; END", {});
  EXPECT_TRUE(touches("UPDATE t SET a=1"));
}

TEST_F(DefinitionReachTest, texts_and_comments_reach_nothing) {
  reach_.add("elsewhere", "BEGIN /* shop */ SET @a='shop.t', @b=\"shop\"; END", {});
  EXPECT_FALSE(touches("UPDATE t SET a=1"));
  reach_.add("elsewhere", "SET @b=\"shop\"", {.ansi_quotes = true});
  EXPECT_TRUE(touches("UPDATE t SET a=1"));
}

TEST_F(DefinitionReachTest, what_cannot_be_read_reaches_everything) {
  reach_.add("elsewhere", "SET @a='", {});
  EXPECT_TRUE(touches("UPDATE t SET a=1"));
}

TEST_F(DefinitionReachTest, definitions_of_the_log_count) {
  follow("CREATE TABLE second.view (a INT)");
  follow("CREATE OR REPLACE TABLE second.t (`function` INT COMMENT 'shop')");
  follow("CREATE TRIGGER second.r BEFORE INSERT ON second.t FOR EACH ROW DELETE FROM third.t");
  EXPECT_FALSE(touches("INSERT INTO second.t VALUES (1)"));
  follow("CREATE DEFINER=`a`@`b` TRIGGER r AFTER INSERT ON t FOR EACH ROW DELETE FROM shop.t",
         "third");
  EXPECT_TRUE(touches("INSERT INTO second.t VALUES (1)"));
  EXPECT_FALSE(touches("INSERT INTO fourth.t VALUES (1)"));
  follow("CREATE OR REPLACE ALGORITHM=MERGE VIEW fourth.v AS SELECT * FROM shop.t");
  EXPECT_TRUE(touches("INSERT INTO fourth.v VALUES (1)"));
}

TEST_F(DefinitionReachTest, definitions_of_the_log_that_cannot_be_told_reach_everything) {
  follow("CREATE /*!50003 TRIGGER second.r BEFORE INSERT ON second.t FOR EACH ROW DO f() */");
  EXPECT_TRUE(touches("INSERT INTO second.t VALUES (1)"));
  EXPECT_FALSE(touches("INSERT INTO third.t VALUES (1)", "third"));
}

TEST_F(DefinitionReachTest, what_was_gone_when_definitions_were_read_is_missed_where_it_mattered) {
  reach_.pass(query("UPDATE second.t SET a=1", "third"), at(10));
  EXPECT_TRUE(reach_.follow(query("DROP TRIGGER fourth.r"), at(20)));
  EXPECT_TRUE(reach_.follow(query("CREATE VIEW second.v AS SELECT 1"), at(20)));
  EXPECT_TRUE(reach_.follow(query("ALTER TABLE second.t ADD b INT"), at(20)));
  EXPECT_FALSE(reach_.follow(query("DROP TRIGGER second.r"), at(20)));
  EXPECT_FALSE(reach_.follow(query("DROP TABLE t", "third"), at(20)));
  EXPECT_FALSE(reach_.follow(query("CREATE OR REPLACE VIEW Second.v AS SELECT 1"), at(20)));
  EXPECT_FALSE(reach_.follow(query("ALTER VIEW second.v AS SELECT 1"), at(20)));
  EXPECT_FALSE(reach_.follow(query("DROP /*!50000 TRIGGER */ second.r"), at(20)));
  EXPECT_TRUE(reach_.follow(query("DROP TRIGGER second.r"), at(100))) << "it was read";
}

TEST_F(DefinitionReachTest, what_passes_later_met_only_what_is_known) {
  reach_.pass(query("UPDATE second.t SET a=1"), at(100));
  EXPECT_TRUE(reach_.follow(query("DROP TRIGGER second.r"), at(50)));
}

}  // namespace
}  // namespace wherry::stores::mysql
