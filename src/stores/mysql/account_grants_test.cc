#include "stores/mysql/account_grants.h"

#include <gtest/gtest.h>

#include "base/code_of.h"
#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

const Account app{"app", "%"};

AccountGrant one(std::string_view line, const Account& of = app) {
  const auto all = read_grant_line(line, of);
  EXPECT_EQ(all.size(), 1U) << line;
  return all.at(0);
}

TEST(AccountGrants, are_read_without_passwords) {
  const auto grant =
      one("GRANT USAGE ON *.* TO 'app'@'%' IDENTIFIED BY PASSWORD '*0123' REQUIRE SSL WITH GRANT "
          "OPTION "
          "MAX_QUERIES_PER_HOUR 5");
  EXPECT_EQ(grant_line(grant, app),
            "GRANT USAGE ON *.* TO `app`@`%` REQUIRE SSL WITH GRANT OPTION MAX_QUERIES_PER_HOUR 5");
  EXPECT_EQ(grant_statement(grant, app), "GRANT USAGE ON *.* TO `app`@`%` WITH GRANT OPTION");
  EXPECT_EQ(revoke_statement(grant, app), "REVOKE GRANT OPTION ON *.* FROM `app`@`%`");
  EXPECT_EQ(grant_line(one("GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED VIA "
                           "mysql_native_password USING '*01' OR unix_socket"),
                       app),
            "GRANT USAGE ON *.* TO `app`@`%`");
}

TEST(AccountGrants, keep_reading_and_lose_the_rest) {
  const auto grant =
      one("GRANT SELECT, INSERT, SHOW VIEW, CREATE VIEW ON `shop\\_%`.* TO `app`@`%`");
  EXPECT_TRUE(is_more_than_reading(grant));
  EXPECT_EQ(revoke_statement(grant, app),
            "REVOKE INSERT, CREATE VIEW ON `shop\\_%`.* FROM `app`@`%`");
  EXPECT_FALSE(is_more_than_reading(one("GRANT SELECT, PROCESS ON *.* TO `app`@`%`")));
  EXPECT_EQ(revoke_statement(one("GRANT ALL PRIVILEGES ON `a``b`.* TO `app`@`%`"), app),
            "REVOKE INSERT ON `a``b`.* FROM `app`@`%`");
  EXPECT_EQ(revoke_statement(one("GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `app`@`%`"), app),
            "REVOKE EXECUTE ON PROCEDURE `shop`.`p` FROM `app`@`%`");
}

TEST(AccountGrants, of_columns_have_their_names_in_one_order) {
  const auto grant = one("GRANT SELECT, INSERT (order, b), UPDATE (a) ON `s`.`t` TO 'app'@'%'");
  EXPECT_EQ(grant_line(grant, app),
            "GRANT SELECT, INSERT (`b`, `order`), UPDATE (`a`) ON `s`.`t` TO `app`@`%`");
  EXPECT_EQ(revoke_statement(grant, app),
            "REVOKE INSERT (`b`, `order`), UPDATE (`a`) ON `s`.`t` FROM `app`@`%`");
  for (const char* unclear :
       {"GRANT INSERT (a b) ON `s`.`t` TO 'app'@'%'", "GRANT INSERT (a,b) ON `s`.`t` TO 'app'@'%'",
        "GRANT INSERT (a) ON `s`.`t` TO 'other'@'%'", "nothing at all"}) {
    EXPECT_EQ(base::code_of([&] { read_grant_line(unclear, app); }), "guard.grant_unreadable")
        << unclear;
  }
}

TEST(AccountGrants, of_roles_and_proxies) {
  const auto roles = read_grant_line("GRANT `r`@`%`,`w`@`%` TO `app`@`%` WITH ADMIN OPTION", app);
  ASSERT_EQ(roles.size(), 2U);
  EXPECT_EQ(grant_statement(roles[1], app), "GRANT `w`@`%` TO `app`@`%` WITH ADMIN OPTION");
  const auto role = one("GRANT `w` TO `app`@`%`");
  EXPECT_EQ(revoke_statement(role, app), "REVOKE `w` FROM `app`@`%`");
  EXPECT_EQ(grant_line(one("SET DEFAULT ROLE `w` FOR `app`@`%`"), app),
            "SET DEFAULT ROLE `w` FOR `app`@`%`");
  const auto proxy = one("GRANT PROXY ON ''@'%' TO 'app'@'%' WITH GRANT OPTION");
  EXPECT_EQ(revoke_statement(proxy, app), "REVOKE PROXY ON ''@'%' FROM `app`@`%`");
  EXPECT_EQ(grant_statement(proxy, app), "GRANT PROXY ON ''@'%' TO `app`@`%` WITH GRANT OPTION");
  const auto restriction = one("REVOKE INSERT ON `mysql`.* FROM `app`@`%`");
  EXPECT_FALSE(is_more_than_reading(restriction));
  EXPECT_EQ(grant_statement(restriction, app), "REVOKE INSERT ON `mysql`.* FROM `app`@`%`");
  EXPECT_EQ(grant_line(one("GRANT SELECT ON *.* TO `w`", {"w", ""}), {"w", ""}),
            "GRANT SELECT ON *.* TO `w`");
}

TEST(AccountGrants, of_a_role_are_told_from_those_of_its_roles) {
  EXPECT_TRUE(is_grant_of("GRANT INSERT ON `s`.* TO `w`", {"w", ""}));
  EXPECT_FALSE(is_grant_of("GRANT INSERT ON `s`.* TO `x`", {"w", ""}));
}

TEST(AccountGrants, are_read_back_as_they_are_written) {
  const Account odd{"o'brien`s", "10.0.%"};
  for (const auto& line : {"GRANT ALL PRIVILEGES ON *.* TO " + odd.sql() + " WITH GRANT OPTION",
                           "GRANT INSERT (`a b`, `c`) ON `s`.`t` TO " + odd.sql(),
                           "GRANT SELECT ON *.* TO " + odd.sql() +
                               " REQUIRE SUBJECT '/CN=x' WITH MAX_USER_CONNECTIONS 3",
                           "SET DEFAULT ROLE `r`@`%`,`s`@`%` TO " + odd.sql()}) {
    const auto grant = one(line, odd);
    EXPECT_EQ(grant_line(grant, odd), line);
    EXPECT_EQ(one(grant_line(grant, odd), odd), grant);
  }
}

TEST(AccountGrants, cover_what_is_given_by_them_too) {
  const std::vector<AccountGrant> saved{
      one("GRANT ALL PRIVILEGES ON `s`.* TO `app`@`%`"),
      one("GRANT SELECT, INSERT (`a`, `b`) ON `s`.`t` TO `app`@`%` WITH GRANT OPTION")};
  EXPECT_TRUE(is_covered(one("GRANT SELECT, DROP ON `s`.* TO `app`@`%`"), saved));
  EXPECT_TRUE(is_covered(one("GRANT INSERT (`a`) ON `s`.`t` TO `app`@`%`"), saved));
  EXPECT_FALSE(is_covered(one("GRANT INSERT ON `s`.`t` TO `app`@`%`"), saved));
  EXPECT_FALSE(is_covered(one("GRANT USAGE ON `s`.* TO `app`@`%` WITH GRANT OPTION"), saved));
  EXPECT_FALSE(is_covered(one("GRANT SELECT ON `u`.* TO `app`@`%`"), saved));
}

TEST(AccountGrants, are_passed_on_only_by_who_may) {
  const Account wherry{"wherry", "%"};
  const auto grant = one("GRANT SELECT, INSERT ON `s`.* TO `app`@`%`");
  const auto mine = [&](std::string_view line) {
    return std::vector<AccountGrant>{one(line, wherry)};
  };
  EXPECT_EQ(missing_to_pass_on(grant, mine("GRANT ALL PRIVILEGES ON *.* TO `wherry`@`%`"), wherry),
            "GRANT SELECT, INSERT ON `s`.* TO `wherry`@`%` WITH GRANT OPTION;");
  for (const char* enough : {"GRANT ALL PRIVILEGES ON *.* TO `wherry`@`%` WITH GRANT OPTION",
                             "GRANT INSERT ON *.* TO `wherry`@`%` WITH GRANT OPTION",
                             "GRANT SELECT, INSERT ON `s`.* TO `wherry`@`%` WITH GRANT OPTION"}) {
    EXPECT_EQ(missing_to_pass_on(grant, mine(enough), wherry), std::nullopt) << enough;
  }
}

}  // namespace
}  // namespace wherry::stores::mysql
