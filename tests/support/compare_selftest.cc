// Plants each kind of difference on real servers: the comparer must see all of them, and nothing
// where there is none.
#include <string>

#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/program.h"
#include "tests/support/server.h"

namespace wherry::tests {
namespace {

const char* const definitions_of_tables = R"(
DROP DATABASE IF EXISTS d; CREATE DATABASE d; USE d;
SET sql_mode = '';
CREATE TABLE words (id INT PRIMARY KEY, a VARCHAR(40), b VARCHAR(40), n BIGINT UNSIGNED, f FLOAT,
  d DOUBLE, bits BIT(64), e ENUM('', 'x'), t TIME(6), ts TIMESTAMP(6) NULL, dt DATETIME,
  fixed BINARY(4), bl MEDIUMBLOB, dec_ DECIMAL(65,30)) DEFAULT CHARSET utf8mb4;
INSERT INTO words VALUES
  (1, 'x0', 'y', 18446744073709551615, 16777217, 1e-30, b'1', 'x', '-838:59:59', '2001-02-03 04:05:06.789', '0000-00-00', 'a', REPEAT('z', 100000), 1.5),
  (2, 'same', 'same', 2, 1, 1, 2, '', '00:00:00', NULL, NULL, 'b\0', 'blob', 0),
  (3, NULL, '', 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, 'q', 'q', 4, 4, 4, 4, 'x', '01:00:00', NULL, NULL, 'c', 'q', 4),
  (5, 'q', 'q', 5, 4, 4, 4, 'x', '01:00:00', NULL, NULL, 'c', 'q', 4),
  (6, 'q', 'q', 6, 4, 4, 4, 'x', '01:00:00', NULL, NULL, 'c', 'q', 4),
  (7, 'q', 'q', 7, 4, 4, 4, 'x', '01:00:00', NULL, NULL, 'c', 'q', 4),
  (8, 'q', 'q', 16, 0, 0, 0, 'x', '01:00:00', NULL, NULL, 'c', 'q', 4);
CREATE TABLE keyless (a VARCHAR(20), b INT);
INSERT INTO keyless VALUES ('p', 1), ('p', 1), ('r', NULL), (NULL, 2);
CREATE TABLE named (k VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, v INT,
  PRIMARY KEY (k));
INSERT INTO named VALUES ('b', 1), ('A', 2), ('ö', 3), ('漢字', 4), ('😀', 5), (REPEAT('k', 290), 6),
  (CONCAT(REPEAT('k', 290), '1'), 7);
CREATE TABLE empty_one (id INT PRIMARY KEY);
)";

struct Plant {
  const char* name;
  const char* sql;  // run on the right side
};

void PrintTo(const Plant& plant, std::ostream* out) { *out << plant.name; }

class CompareSeesTest : public testing::TestWithParam<Plant> {
 protected:
  static void SetUpTestSuite() {
    left_ = new Server(Server::start_mariadb());
    right_ = new Server(Server::start_mariadb());
    left_->exec_sql(definitions_of_tables);
    right_->exec_sql(definitions_of_tables);
    const Comparison same = compare_servers(*left_, *right_, {"--database", "d", "--definitions"});
    ASSERT_EQ(same.answer, Answer::equal) << same.output;
  }
  static void TearDownTestSuite() {
    delete left_;
    delete right_;
    left_ = right_ = nullptr;
  }
  static Server* left_;
  static Server* right_;
};

Server* CompareSeesTest::left_ = nullptr;
Server* CompareSeesTest::right_ = nullptr;

TEST_P(CompareSeesTest, a_planted_difference) {
  right_->exec_sql(definitions_of_tables);
  right_->exec_sql("SET sql_mode=''; USE d; " + std::string(GetParam().sql));
  const Comparison after = compare_servers(*left_, *right_, {"--database", "d", "--definitions"});
  EXPECT_EQ(after.answer, Answer::different) << after.output;
}

INSTANTIATE_TEST_SUITE_P(
    Plants, CompareSeesTest,
    testing::Values(
        Plant{"one_bit", "UPDATE words SET bits = bits ^ 1 WHERE id = 4"},
        Plant{"one_bit_of_a_blob", "UPDATE words SET bl = 'p' WHERE id = 5"},
        Plant{"missing_row", "DELETE FROM words WHERE id = 5"},
        Plant{"missing_last_row", "DELETE FROM words WHERE id = 8"},
        Plant{"all_rows_missing", "DELETE FROM words"},
        Plant{"extra_row", "INSERT INTO words (id) VALUES (9)"},
        Plant{"extra_first_row", "INSERT INTO words (id) VALUES (-1)"},
        Plant{"row_in_an_empty_table", "INSERT INTO empty_one VALUES (1)"},
        Plant{"values_swapped_between_rows",
              "UPDATE words SET n = IF(id = 4, 5, 4) WHERE id IN (4, 5)"},
        Plant{"border_between_columns_moved", "UPDATE words SET a = 'x', b = '0y' WHERE id = 1"},
        Plant{"four_rows_changed_alike", "UPDATE words SET n = n ^ 8 WHERE id >= 4"},
        Plant{"null_for_empty", "UPDATE words SET b = NULL WHERE id = 3"},
        Plant{"empty_for_null", "UPDATE words SET a = '' WHERE id = 3"},
        Plant{"the_word_null", "UPDATE words SET a = 'NULL' WHERE id = 3"},
        Plant{"tilde_for_null", "UPDATE words SET a = '~' WHERE id = 3"},
        Plant{"trailing_space", "UPDATE words SET a = 'same ' WHERE id = 2"},
        Plant{"letter_case", "UPDATE words SET a = 'Same' WHERE id = 2"},
        Plant{"last_byte_of_a_blob",
              "UPDATE words SET bl = CONCAT(REPEAT('z', 99999), 'y') WHERE id = 1"},
        Plant{"length_of_a_blob", "UPDATE words SET bl = REPEAT('z', 100001) WHERE id = 1"},
        Plant{"float_whose_text_is_the_same", "UPDATE words SET f = 16777218 WHERE id = 1"},
        Plant{"last_digit_of_a_double", "UPDATE words SET d = 1.0000000000000002 WHERE id = 2"},
        Plant{"last_digit_of_a_decimal",
              "UPDATE words SET dec_ = 0.000000000000000000000000000001 WHERE id = 2"},
        Plant{"wrong_enum_for_its_empty_member", "UPDATE words SET e = 0 WHERE id = 2"},
        Plant{"microsecond", "UPDATE words SET ts = '2001-02-03 04:05:06.789001' WHERE id = 1"},
        Plant{"sign_of_a_time", "UPDATE words SET t = '838:59:59' WHERE id = 1"},
        Plant{"zero_date_turned_null", "UPDATE words SET dt = NULL WHERE id = 1"},
        Plant{"zeros_after_a_binary", "UPDATE words SET fixed = 'a\\0\\0 ' WHERE id = 1"},
        Plant{"one_of_two_equal_rows_missing", "DELETE FROM keyless WHERE a = 'p' LIMIT 1"},
        Plant{"third_equal_row", "INSERT INTO keyless VALUES ('p', 1)"},
        Plant{"nulls_moved", "UPDATE keyless SET b = 2, a = NULL WHERE a = 'r'"},
        Plant{"key_written_differently", "UPDATE named SET k = 'a' WHERE k = 'A'"},
        Plant{"end_of_a_long_key",
              "UPDATE named SET k = CONCAT(REPEAT('k', 290), '2') WHERE v = 7"},
        Plant{"table_missing", "DROP TABLE empty_one"},
        Plant{"table_extra", "CREATE TABLE more (id INT PRIMARY KEY)"},
        Plant{"column_extra", "ALTER TABLE words ADD extra INT"},
        Plant{"column_order", "ALTER TABLE words MODIFY b VARCHAR(40) AFTER n"},
        Plant{"column_type", "ALTER TABLE words MODIFY a VARCHAR(41)"},
        Plant{"column_charset", "ALTER TABLE keyless MODIFY a VARCHAR(20) CHARACTER SET latin1"},
        Plant{"column_nullable", "ALTER TABLE words MODIFY n BIGINT UNSIGNED NOT NULL"},
        Plant{"column_default", "ALTER TABLE words MODIFY a VARCHAR(40) DEFAULT 'x'"},
        Plant{"index_extra", "ALTER TABLE words ADD INDEX (n)"},
        Plant{"index_prefix", "ALTER TABLE named DROP PRIMARY KEY, ADD PRIMARY KEY (k(200), v)"}),
    [](const testing::TestParamInfo<Plant>& plant) { return std::string(plant.param.name); });

TEST(Compare, counts_every_difference_and_shows_the_first) {
  Server left = Server::start_mariadb();
  const std::string rows =
      "CREATE DATABASE d; USE d; CREATE TABLE t (id INT PRIMARY KEY, v INT);"
      "INSERT INTO t SELECT seq, seq FROM seq_1_to_5000;";
  left.exec_sql(rows +
                "CREATE DATABASE other; CREATE TABLE other.u LIKE t;"
                "INSERT INTO other.u SELECT * FROM t; UPDATE other.u SET v = v + 1");
  const Comparison result = compare_servers(left, left, {"--table", "d.t=other.u"});
  EXPECT_EQ(result.answer, Answer::different);
  EXPECT_NE(result.output.find("d.t: id=20: v: 20 and 21"), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find("id=21:"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("5000 differences"), std::string::npos) << result.output;
}

TEST(Compare, never_says_equal_without_having_compared) {
  Server left = Server::start_mariadb();
  Server right = Server::start_mariadb();
  left.exec_sql(definitions_of_tables);
  right.exec_sql(definitions_of_tables);
  EXPECT_EQ(compare_servers(left, right, {"--table", "d.none"}).answer, Answer::could_not_compare);
  EXPECT_EQ(compare_servers(left, right, {"--database", "none"}).answer, Answer::could_not_compare);
  EXPECT_EQ(compare_servers(left, right, {}).answer, Answer::could_not_compare);
  left.exec_sql("SET GLOBAL max_allowed_packet = 150000");
  EXPECT_EQ(compare_servers(left, right, {"--table", "d.words"}).answer, Answer::could_not_compare);
  right.kill9();
  EXPECT_EQ(compare_servers(left, right, {"--table", "d.keyless"}).answer,
            Answer::could_not_compare);
}

TEST(Compare, finds_mysql57_and_mariadb_equal) {
  if (!Server::mysql57_available()) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  Server left = Server::start_mysql57();
  Server right = Server::start_mariadb();
  left.exec_sql(definitions_of_tables);
  right.exec_sql(definitions_of_tables);
  Comparison result = compare_servers(left, right, {"--database", "d", "--definitions"});
  EXPECT_EQ(result.answer, Answer::equal) << result.output;
  // MariaDB stores -0 as 0; MySQL keeps it.
  const std::string negative_zero = "UPDATE d.words SET d = '-0' WHERE id = 8";
  left.exec_sql(negative_zero);
  right.exec_sql(negative_zero);
  result = compare_servers(left, right, {"--database", "d"});
  EXPECT_EQ(result.answer, Answer::different) << result.output;
}

}  // namespace
}  // namespace wherry::tests
