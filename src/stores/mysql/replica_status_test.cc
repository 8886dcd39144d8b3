#include "stores/mysql/replica_status.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using ::testing::ElementsAre;

Result answer(const std::vector<std::pair<std::string, std::string>>& row) {
  std::vector<std::string> names;
  model::RowBatch rows(row.size());
  for (const auto& [name, value] : row) {
    names.push_back(name);
    rows.append(model::Cell(value));
  }
  return {std::move(names), std::move(rows)};
}

TEST(ReplicaStatus, is_read_by_old_names_and_by_new_ones) {
  const std::vector<std::pair<std::string, std::string>> old_names{
      {"Master_UUID", "u-1"},
      {"Master_Server_Id", "7"},
      {"Relay_Master_Log_File", "mysql-bin.000003"},
      {"Exec_Master_Log_Pos", "1234"},
      {"Slave_IO_Running", "Yes"},
      {"Slave_SQL_Running", "Yes"},
      {"Slave_SQL_Running_State", "Slave has read all relay log; waiting for more updates"},
      {"Seconds_Behind_Master", "0"}};
  const std::vector<std::pair<std::string, std::string>> new_names{
      {"Source_UUID", "u-1"},
      {"Source_Server_Id", "7"},
      {"Relay_Source_Log_File", "mysql-bin.000003"},
      {"Exec_Source_Log_Pos", "1234"},
      {"Replica_IO_Running", "Yes"},
      {"Replica_SQL_Running", "Yes"},
      {"Replica_SQL_Running_State", "Replica has read all relay log; waiting for more updates"},
      {"Seconds_Behind_Source", "0"}};
  for (const auto& row : {old_names, new_names}) {
    const ReplicaStatus status = replica_status(answer(row), 0);
    EXPECT_EQ(status.primary_uuid, "u-1");
    EXPECT_EQ(status.primary_server_id, 7U);
    ASSERT_TRUE(status.applied);
    EXPECT_EQ(status.applied->text(), "mysql-bin.000003:1234");
    EXPECT_TRUE(status.receiving && status.applying && status.idle);
    EXPECT_EQ(status.seconds_behind, 0U);
    EXPECT_THAT(status.filters, ElementsAre());
  }
}

TEST(ReplicaStatus, knows_no_place_before_anything_was_applied) {
  EXPECT_FALSE(
      replica_status(answer({{"Relay_Master_Log_File", ""}, {"Exec_Master_Log_Pos", "4"}}), 0)
          .applied);
  EXPECT_FALSE(replica_status(
                   answer({{"Relay_Master_Log_File", "b.000001"}, {"Exec_Master_Log_Pos", "0"}}), 0)
                   .applied);
}

TEST(ReplicaStatus, one_that_works_is_not_idle_and_one_that_stands_tells_why) {
  const ReplicaStatus works = replica_status(
      answer({{"Slave_SQL_Running", "Yes"}, {"Slave_SQL_Running_State", "query end"}}), 0);
  EXPECT_FALSE(works.idle);
  const ReplicaStatus stands =
      replica_status(answer({{"Slave_SQL_Running", "No"}, {"Last_SQL_Error", "duplicate"}}), 0);
  EXPECT_FALSE(stands.applying);
  EXPECT_EQ(stands.error, "duplicate");
}

// A server may count a transaction as applied just before its commit.
TEST(ReplicaStatus, a_place_counts_when_the_replica_has_gone_on_or_has_nothing_to_do) {
  const auto place = model::Position::in_log("b.000001", 100);
  ReplicaStatus later;
  later.applying = true;
  EXPECT_FALSE(settled(place, later));
  later.applied = place;
  EXPECT_FALSE(settled(place, later));
  later.idle = true;
  EXPECT_TRUE(settled(place, later));
  later.applied = model::Position::in_log("b.000001", 50);  // its commit failed
  EXPECT_FALSE(settled(place, later));
  later.idle = false;
  later.applied = model::Position::in_log("b.000002", 4);
  EXPECT_TRUE(settled(place, later));
}

TEST(ReplicaStatus, filters_count_unless_they_leave_out_the_servers_own_schemas_only) {
  const ReplicaStatus status =
      replica_status(answer({{"Replicate_Do_DB", "shop"},
                             {"Replicate_Ignore_DB", "mysql,performance_schema"},
                             {"Replicate_Ignore_Table", "mysql.user,shop.log"},
                             {"Replicate_Wild_Ignore_Table", "mysql.%"},
                             {"Replicate_Ignore_Server_Ids", "9"}}),
                     0);
  EXPECT_THAT(status.filters, ElementsAre("Replicate_Do_DB=shop", "Replicate_Ignore_Server_Ids=9",
                                          "Replicate_Ignore_Table=mysql.user,shop.log"));
}

TEST(ReplicaStatus, follows_the_primary_of_its_uuid_or_else_of_its_number) {
  const PrimaryMark mysql{"u-1", 7};
  const PrimaryMark mariadb{"", 7};
  ReplicaStatus status;
  EXPECT_EQ(follows(status, mysql), std::nullopt);
  status.primary_server_id = 7;
  EXPECT_EQ(follows(status, mysql), true);  // a MariaDB that follows a MySQL
  EXPECT_EQ(follows(status, mariadb), true);
  status.primary_uuid = "u-2";
  EXPECT_EQ(follows(status, mysql), false);
  status.primary_uuid = "";
  status.primary_server_id = 8;
  EXPECT_EQ(follows(status, mariadb), false);
}

}  // namespace
}  // namespace wherry::stores::mysql
