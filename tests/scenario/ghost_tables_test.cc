// Tools for online changes make a table beside the one that they change, fill it, and exchange the
// two. A migration that was told of the one table alone follows through the exchange.

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

// pt-online-schema-change: triggers keep the new table up while it is filled.
const std::vector<std::string>& with_triggers() {
  static const std::vector<std::string> all{
      "CREATE TABLE shop._orders_new LIKE shop.orders",
      "ALTER TABLE shop._orders_new ADD COLUMN checked INT NOT NULL DEFAULT 7",
      "CREATE TRIGGER shop.pt_del AFTER DELETE ON shop.orders FOR EACH ROW DELETE IGNORE FROM "
      "shop._orders_new WHERE id <=> OLD.id",
      "CREATE TRIGGER shop.pt_upd AFTER UPDATE ON shop.orders FOR EACH ROW REPLACE INTO "
      "shop._orders_new (id, v) VALUES (NEW.id, NEW.v)",
      "CREATE TRIGGER shop.pt_ins AFTER INSERT ON shop.orders FOR EACH ROW REPLACE INTO "
      "shop._orders_new (id, v) VALUES (NEW.id, NEW.v)",
      "UPDATE shop.orders SET v = v + 1 WHERE id % 3 = 0",
      "INSERT IGNORE INTO shop._orders_new (id, v) SELECT id, v FROM shop.orders WHERE id < 100",
      "DELETE FROM shop.orders WHERE id % 10 = 1",
      "INSERT IGNORE INTO shop._orders_new (id, v) SELECT id, v FROM shop.orders WHERE id >= 100",
      "INSERT INTO shop.orders (id, v) VALUES (1001, 1)",
      "RENAME TABLE shop.orders TO shop._orders_old, shop._orders_new TO shop.orders",
      "DROP TABLE IF EXISTS shop._orders_old",
      "DROP TRIGGER IF EXISTS shop.pt_del",
      "DROP TRIGGER IF EXISTS shop.pt_upd",
      "DROP TRIGGER IF EXISTS shop.pt_ins",
      "UPDATE shop.orders SET v = v + 5 WHERE id % 7 = 0"};
  return all;
}

// gh-ost: it follows the log itself; its exchange goes by way of a sentry.
const std::vector<std::string>& with_the_log() {
  static const std::vector<std::string> all{
      "create /* gh-ost */ table `shop`.`_orders_ghc` (id bigint unsigned auto_increment, "
      "last_update timestamp not null DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, "
      "hint varchar(64) charset ascii not null, value varchar(4096) charset ascii not null, "
      "primary key(id), unique key hint_uidx(hint)) auto_increment=256 comment='gh-ost'",
      "create /* gh-ost */ table `shop`.`_orders_gho` like `shop`.`orders`",
      "alter /* gh-ost */ table `shop`.`_orders_gho` MODIFY v BIGINT NOT NULL, ADD INDEX (v)",
      "insert /* gh-ost */ into `shop`.`_orders_ghc` (id, hint, value) values (1, 'state', 'x')",
      "insert /* gh-ost */ ignore into `shop`.`_orders_gho` (id, v, checked) select id, v, checked "
      "from `shop`.`orders`",
      "UPDATE shop.orders SET v = v * 2 WHERE id = 14",
      "replace /* gh-ost */ into `shop`.`_orders_gho` (id, v, checked) select id, v, checked from "
      "`shop`.`orders` where id = 14",
      "create /* gh-ost */ table `shop`.`_orders_del` (id int auto_increment primary key) "
      "engine=InnoDB comment='ghost-cut-over-sentry'",
      "drop /* gh-ost */ table if exists `shop`.`_orders_del`",
      "rename /* gh-ost */ table `shop`.`orders` to `shop`.`_orders_del`, `shop`.`_orders_gho` to "
      "`shop`.`orders`",
      "drop /* gh-ost */ table if exists `shop`.`_orders_ghc`",
      "drop /* gh-ost */ table if exists `shop`.`_orders_del`",
      "UPDATE shop.orders SET v = v - 1 WHERE id % 5 = 0"};
  return all;
}

class GhostTables : public OfKind {};

TEST_P(GhostTables, are_followed_through_the_exchange) {
  const Server source = Server::start(GetParam());
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, v INT);"
      "CREATE TABLE shop.outside (id INT PRIMARY KEY);"
      "CREATE TABLE shop._outside_new (id INT PRIMARY KEY)");
  std::string rows;
  for (int i = 1; i <= 300; ++i) {
    rows += (i == 1 ? "(" : ",(") + std::to_string(i) + "," + std::to_string(i) + ")";
  }
  source.exec_sql("INSERT INTO shop.orders VALUES " + rows);
  Wherry wherry(source, target, {"shop.orders"});
  run_until_proved(wherry);
  for (const auto* steps : {&with_triggers(), &with_the_log()}) {
    wherry.start();
    for (std::size_t i = 0; i < steps->size(); ++i) {
      // Killed once on the way, not long after the table was made.
      if (i == 4) wherry.kill9();
      source.exec_sql((*steps)[i]);
      if (i == 4) wherry.start();
    }
    ASSERT_TRUE(wherry.running()) << wherry.output();
    ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
    run_until_proved(wherry);
    const Comparison comparison =
        compare_servers(source, target, {"--table", "shop.orders", "--definitions"});
    EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
    EXPECT_EQ(target.query("SHOW TABLES FROM shop").size(), 1U);
    EXPECT_TRUE(target.query("SHOW TRIGGERS FROM shop").empty());
  }
}

INSTANTIATE_TEST_SUITE_P(From, GhostTables,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql57), name_of_kind);

}  // namespace
}  // namespace wherry::tests
