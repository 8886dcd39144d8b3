#include "stores/mysql/errors.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using base::ErrorKind;

TEST(MysqlErrors, lock_trouble_may_be_tried_again) {
  EXPECT_EQ(to_error(1213, "Deadlock found", "").kind(), ErrorKind::transient);
  EXPECT_EQ(to_error(1205, "Lock wait timeout exceeded", "").kind(), ErrorKind::transient);
  EXPECT_EQ(to_error(1412, "Table definition has changed", "").kind(), ErrorKind::transient);
}

TEST(MysqlErrors, a_killed_connection_is_a_lost_one) {
  EXPECT_EQ(to_error(1927, "Connection was killed", "").kind(), ErrorKind::connection_lost);
  EXPECT_EQ(to_error(2013, "Lost connection", "").kind(), ErrorKind::connection_lost);
  EXPECT_EQ(to_error(2000, "Unknown or undefined error code", "").kind(),
            ErrorKind::connection_lost);
}

TEST(MysqlErrors, what_the_server_will_not_do_says_what_to_do) {
  const auto e = to_error(1045, "Access denied for user 'x'", "db:3306");
  EXPECT_EQ(e.kind(), ErrorKind::rejected);
  EXPECT_EQ(e.code(), "mysql.auth");
  EXPECT_NE(e.message().find("check user and password"), std::string::npos);
  EXPECT_EQ(e.context(), "db:3306");
}

TEST(MysqlErrors, what_is_not_there_is_named_so) {
  EXPECT_EQ(to_error(1146, "Table doesn't exist", "").code(), "mysql.no_such_object");
  EXPECT_EQ(to_error(1360, "Trigger does not exist", "").code(), "mysql.no_such_object");
  EXPECT_EQ(to_error(1539, "Unknown event", "").code(), "mysql.no_such_object");
}

TEST(MysqlErrors, refused_values_are_mismatches) {
  EXPECT_EQ(to_error(1366, "Incorrect string value", "").kind(), ErrorKind::data_mismatch);
  EXPECT_EQ(to_error(1062, "Duplicate entry", "").code(), "mysql.duplicate_key");
  const auto no_geometry = to_error(1416, "Cannot get geometry object from data", "");
  EXPECT_EQ(no_geometry.kind(), ErrorKind::data_mismatch);
  EXPECT_EQ(no_geometry.code(), "mysql.value_refused");
}

TEST(MysqlErrors, unknown_numbers_are_told_and_not_retried) {
  const auto e = to_error(9999, "something new", "");
  EXPECT_EQ(e.kind(), ErrorKind::rejected);
  EXPECT_NE(std::string(e.what()).find("9999"), std::string::npos);
}

}  // namespace
}  // namespace wherry::stores::mysql
