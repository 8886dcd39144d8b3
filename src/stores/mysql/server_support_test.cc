#include "stores/mysql/server_support.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

Support mariadb(unsigned number) { return support_of({Flavour::mariadb, number, ""}); }
Support mysql(unsigned number) { return support_of({Flavour::mysql, number, ""}); }

TEST(ServerSupport, is_told_by_flavour_and_release) {
  EXPECT_EQ(mariadb(100244), Support::too_old);
  EXPECT_EQ(mariadb(100300), Support::not_tested);
  EXPECT_EQ(mariadb(101106), Support::tested);
  EXPECT_EQ(mariadb(110402), Support::not_tested);
  EXPECT_EQ(mysql(50562), Support::too_old);
  EXPECT_EQ(mysql(50624), Support::tested);
  EXPECT_EQ(mysql(50729), Support::tested);
  EXPECT_EQ(mysql(80036), Support::by_documents);
  EXPECT_EQ(mysql(90100), Support::by_documents);
}

TEST(ServerSupport, a_column_is_held_where_its_values_stay_what_they_are) {
  const ServerVersion to_mariadb{Flavour::mariadb, 101106, ""};
  const ServerVersion to_56{Flavour::mysql, 50624, ""};
  const ServerVersion to_57{Flavour::mysql, 50729, ""};
  model::Column column;
  column.type = model::ColumnType::uuid;
  EXPECT_EQ(why_not_held(to_mariadb, column), "");
  EXPECT_NE(why_not_held(to_57, column), "");
  column.type = model::ColumnType::json;
  EXPECT_EQ(why_not_held(to_mariadb, column), "");
  EXPECT_EQ(why_not_held(to_57, column), "");
  EXPECT_NE(why_not_held(to_56, column), "");
  column.type = model::ColumnType::year;
  column.length = 4;
  EXPECT_EQ(why_not_held(to_57, column), "");
  column.length = 2;
  EXPECT_NE(why_not_held(to_57, column), "");
  column.type = model::ColumnType::integer;
  column.generated = true;
  EXPECT_EQ(why_not_held(to_57, column), "");
  EXPECT_NE(why_not_held(to_56, column), "");
}

TEST(ServerSupport, each_version_is_asked_in_its_own_words) {
  EXPECT_EQ(show_replica({Flavour::mysql, 50729, ""}), "SHOW SLAVE STATUS");
  EXPECT_EQ(show_replica({Flavour::mysql, 80400, ""}), "SHOW REPLICA STATUS");
}

// Manual 8.0, 5.1.11 "Server SQL Modes": removed in 8.0.11.
TEST(ServerSupport, modes_that_mysql_8_took_away_are_left_out_for_it) {
  const std::string modes = "STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION";
  EXPECT_EQ(known_modes({Flavour::mysql, 80036, ""}, modes),
            "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION");
  EXPECT_EQ(known_modes({Flavour::mysql, 50729, ""}, modes), modes);
  EXPECT_EQ(known_modes({Flavour::mariadb, 101106, ""}, modes), modes);
  EXPECT_EQ(known_modes({Flavour::mysql, 80036, ""}, ""), "");
}

// Manual 8.4, 19.1.3.1 "GTID Format and Storage".
TEST(ServerSupport, tagged_gtids_are_told_from_others) {
  constexpr std::string_view uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  const std::string plain = std::string(uuid) + ":1-5:8,\n" + std::string(uuid) + ":1";
  EXPECT_FALSE(has_tags(plain));
  EXPECT_FALSE(has_tags(""));
  EXPECT_FALSE(has_tags(std::string(uuid) + ":"));
  EXPECT_TRUE(has_tags(std::string(uuid) + ":1-5:domain_1:1-3"));
  EXPECT_TRUE(has_tags(plain + "," + std::string(uuid) + ":_x:7"));
}

}  // namespace
}  // namespace wherry::stores::mysql
