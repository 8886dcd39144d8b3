#include "stores/mysql/gtid_history.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

using wire::mysql::MariadbGtid;
using wire::mysql::MysqlGtid;

const std::string one = "01010101-0101-0101-0101-010101010101";
const std::string two = "02020202-0202-0202-0202-020202020202";

GtidHistory history(const std::string& text) { return GtidHistory::parse(text).value(); }

MysqlGtid mysql(unsigned char server, std::uint64_t number) {
  MysqlGtid g;
  g.server_uuid.fill(server);
  g.number = number;
  return g;
}

MariadbGtid mariadb(std::uint32_t domain, std::uint64_t number) { return {domain, number, 0}; }

TEST(GtidHistory, is_read_as_servers_write_it) {
  for (const std::string& text :
       {std::string("none"), one + ":1-7", one + ":1-3:5:9-12," + two + ":4", std::string("0-1-77"),
        std::string("0-1-77,3-2-30"), std::string("0-1-77,+3-2-30")}) {
    EXPECT_EQ(history(text).text(), text);
  }
  EXPECT_EQ(history(one + ":1-3,\n" + two + ":1").text(), one + ":1-3," + two + ":1");
  EXPECT_TRUE(history("none").empty());
}

TEST(GtidHistory, what_is_not_understood_is_not_known) {
  for (const std::string& text :
       {std::string(), std::string("0-1"), std::string("0-1-x"), one, one + ":", one + ":0",
        one + ":5-3", one + ":tag:1-3", std::string("zz010101-0101-0101-0101-010101010101:1")}) {
    EXPECT_FALSE(GtidHistory::parse(text)) << text;
  }
}

TEST(GtidHistory, a_set_grows_by_transactions_in_any_order) {
  GtidHistory h = history("none");
  for (const std::uint64_t n : {5U, 1U, 2U, 4U, 9U, 3U}) h.add(mysql(1, n));
  EXPECT_EQ(h.text(), one + ":1-5:9");
  h.add(mysql(2, 1));
  h.add(mysql(1, 5));  // once more
  EXPECT_EQ(h.text(), one + ":1-5:9," + two + ":1");
  EXPECT_TRUE(h.holds(mysql(1, 1)));
  EXPECT_TRUE(h.holds(mysql(1, 9)));
  EXPECT_FALSE(h.holds(mysql(1, 6)));
  EXPECT_FALSE(h.holds(mysql(1, 10)));
  EXPECT_FALSE(h.holds(mysql(3, 1)));
}

TEST(GtidHistory, tells_what_of_a_set_is_missing_in_another) {
  const GtidHistory mine = history(one + ":1-10:20-30," + two + ":1-3");
  EXPECT_TRUE(mine.without(mine).empty());
  EXPECT_EQ(mine.without(history(one + ":1-9:21-40")).text(), one + ":10:20," + two + ":1-3");
  EXPECT_EQ(mine.without(history(one + ":3:5-6," + two + ":1-9")).text(),
            one + ":1-2:4:7-10:20-30");
  EXPECT_EQ(mine.without(history("none")).text(), mine.text());
  EXPECT_TRUE(mine.without(history(one + ":1-100," + two + ":1-100")).empty());
}

TEST(GtidHistory, a_domain_is_known_by_its_last_transaction) {
  GtidHistory h = history("0-1-77");
  h.add(mariadb(0, 78), 2);
  h.add(mariadb(4, 1), 2);
  EXPECT_EQ(h.text(), "0-2-78,4-2-1");
  // Numbers of an order that is not strict say nothing about what was before.
  EXPECT_FALSE(h.holds(mariadb(0, 3), 1));
}

TEST(GtidHistory, a_domain_that_is_ahead_is_passed_over_until_its_last_has_come) {
  GtidHistory h = history("0-1-77,3-2-30");
  h.look_ahead_of(history("0-1-77,3-2-28"));
  EXPECT_EQ(h.text(), "0-1-77,+3-2-30");
  EXPECT_EQ(h.connect_state(), "0-1-77,3-2-30");
  EXPECT_FALSE(h.holds(mariadb(0, 78), 1));
  EXPECT_TRUE(h.holds(mariadb(3, 29), 2));
  h.add(mariadb(3, 29), 2);
  EXPECT_EQ(h.text(), "0-1-77,+3-2-30");
  EXPECT_TRUE(h.holds(mariadb(3, 30), 2));
  h.add(mariadb(3, 30), 2);
  EXPECT_EQ(h.text(), "0-1-77,3-2-30");
  EXPECT_FALSE(h.holds(mariadb(3, 31), 2));
}

TEST(GtidHistory, a_domain_that_goes_on_otherwise_has_diverged) {
  const auto code = [](const GtidHistory& h, const MariadbGtid& gtid, std::uint32_t server) {
    try {
      (void)h.holds(gtid, server);
    } catch (const base::Error& e) {
      return e.code();
    }
    return std::string("none");
  };
  const GtidHistory h = history("+3-2-30");
  EXPECT_EQ(code(h, mariadb(3, 30), 9), "source.diverged");
  EXPECT_EQ(code(h, mariadb(3, 31), 2), "source.diverged");
  EXPECT_EQ(code(h, mariadb(3, 29), 2), "none");
}

TEST(GtidHistory, tells_which_domains_a_server_has_not_got_so_far) {
  const GtidHistory h = history("0-1-77,3-2-30,5-9-1");
  EXPECT_TRUE(h.missing_in_state("0-1-77,0-2-90,3-2-31,5-9-1").empty());
  EXPECT_EQ(h.missing_in_state("0-1-76,3-2-30,5-9-1").text(), "0-1-77");
  // The same number, written by another server: another transaction.
  EXPECT_EQ(h.missing_in_state("0-2-77,3-2-30,5-9-1").text(), "0-1-77");
  EXPECT_EQ(h.missing_in_state("").text(), h.text());
}

}  // namespace
}  // namespace wherry::stores::mysql
