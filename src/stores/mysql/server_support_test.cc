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
  for (const auto type : {model::ColumnType::uuid, model::ColumnType::json}) {
    column.type = type;
    EXPECT_EQ(why_not_held(to_mariadb, column), "");
    EXPECT_NE(why_not_held(to_57, column), "");
  }
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

}  // namespace
}  // namespace wherry::stores::mysql
