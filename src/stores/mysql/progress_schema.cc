#include "stores/mysql/progress_schema.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/user_lock.h"

namespace wherry::stores::mysql {

namespace {

constexpr std::string_view create_schema =
    "CREATE DATABASE IF NOT EXISTS `_wherry` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

constexpr std::array<std::string_view, 10> create_tables{
    "CREATE TABLE IF NOT EXISTS `_wherry`.`meta` ("
    "`one` TINYINT UNSIGNED NOT NULL PRIMARY KEY, `version` INT UNSIGNED NOT NULL, "
    "`made_at` DATETIME(6) NOT NULL) ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`lease` ("
    "`migration` VARBINARY(255) NOT NULL PRIMARY KEY, `epoch` BIGINT UNSIGNED NOT NULL, "
    "`owner` VARBINARY(255) NOT NULL, `renewed_at` DATETIME(6) NOT NULL, "
    "`valid_s` INT UNSIGNED NOT NULL) ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`stream` ("
    "`migration` VARBINARY(255) NOT NULL PRIMARY KEY, `position` LONGBLOB NOT NULL, "
    "`last_window` BIGINT UNSIGNED NOT NULL, `source` VARBINARY(1024) NOT NULL DEFAULT '') "
    "ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`window_part` ("
    "`migration` VARBINARY(255) NOT NULL, `number` BIGINT UNSIGNED NOT NULL, "
    "`part` INT UNSIGNED NOT NULL, `end_position` LONGBLOB NOT NULL, `dirty` LONGBLOB NOT NULL, "
    "PRIMARY KEY (`migration`,`number`,`part`)) ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`chunk` ("
    "`migration` VARBINARY(255) NOT NULL, `collection` INT UNSIGNED NOT NULL, "
    "`number` INT UNSIGNED NOT NULL, `after_key` LONGBLOB, `through_key` LONGBLOB, "
    "`low` LONGBLOB NOT NULL, `high` LONGBLOB NOT NULL, `row_count` BIGINT UNSIGNED NOT NULL, "
    "`byte_count` BIGINT UNSIGNED NOT NULL, "
    "PRIMARY KEY (`migration`,`collection`,`number`)) ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`made_table` ("
    "`migration` VARBINARY(255) NOT NULL, `schema_name` VARBINARY(255) NOT NULL, "
    "`table_name` VARBINARY(255) NOT NULL, `found` TINYINT UNSIGNED NOT NULL, "
    "PRIMARY KEY (`migration`,`schema_name`,`table_name`)) ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`made_object` ("
    "`migration` VARBINARY(255) NOT NULL, `kind` VARBINARY(16) NOT NULL, "
    "`schema_name` VARBINARY(255) NOT NULL, `object_name` VARBINARY(255) NOT NULL, "
    "PRIMARY KEY (`migration`,`kind`,`schema_name`,`object_name`)) ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`late_index` ("
    "`migration` VARBINARY(255) NOT NULL, `schema_name` VARBINARY(255) NOT NULL, "
    "`table_name` VARBINARY(255) NOT NULL, `index_name` VARBINARY(255) NOT NULL, "
    "`definition` LONGBLOB NOT NULL, "
    "PRIMARY KEY (`migration`,`schema_name`,`table_name`,`index_name`)) "
    "ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`ddl` ("
    "`migration` VARBINARY(255) NOT NULL PRIMARY KEY, `end_position` LONGBLOB NOT NULL, "
    "`window_number` BIGINT UNSIGNED NOT NULL, `statement` LONGBLOB NOT NULL, "
    "`definitions` LONGBLOB NOT NULL, `done` TINYINT UNSIGNED NOT NULL) ENGINE=InnoDB",

    "CREATE TABLE IF NOT EXISTS `_wherry`.`marker` ("
    "`one` TINYINT UNSIGNED NOT NULL PRIMARY KEY, `number` BIGINT UNSIGNED NOT NULL) "
    "ENGINE=InnoDB",
};

constexpr std::array<std::string_view, 8> tables_with_rows_of_migrations{
    "ddl", "late_index", "made_object", "made_table", "chunk", "window_part", "stream", "lease"};

// A column that a version has and the one before it has not; no name: whole tables, which are made
// where they are missing.
struct NewColumn {
  std::string_view table;
  std::string_view name;
  std::string_view definition;
};
constexpr std::array<NewColumn, 5> since_version_2{
    {{"made_table", "found", "TINYINT UNSIGNED NOT NULL DEFAULT 0"},
     {"made_object", {}, {}},
     {"stream", "source", "VARBINARY(1024) NOT NULL DEFAULT ''"},
     {"marker", {}, {}},
     {"late_index", {}, {}}}};
static_assert(since_version_2.size() + 1 == progress_version);

bool progress_exists(Connection& connection) {
  return !connection
              .query(
                  "SELECT 1 FROM information_schema.tables WHERE table_schema='_wherry' AND "
                  "table_name='meta'")
              .empty();
}

// Nothing if the schema is not complete: the version is written after all tables.
std::optional<std::uint64_t> version_found(Connection& connection) {
  if (!progress_exists(connection)) return std::nullopt;
  const Result r = connection.query("SELECT `version` FROM `_wherry`.`meta`");
  return r.empty() ? std::nullopt : r.number(0, std::size_t{0});
}

void make_tables(Connection& connection) {
  connection.execute("SET SESSION sql_mode='NO_ENGINE_SUBSTITUTION'");
  connection.execute(create_schema);
  for (const auto sql : create_tables) connection.execute(sql);
  connection.execute(fmt::format(
      "INSERT IGNORE INTO `_wherry`.`meta` VALUES (1,{},UTC_TIMESTAMP(6))", progress_version));
  connection.execute("SET SESSION sql_mode=''");
}

// A column and its version do not come together: after a crash in between the column is there.
void migrate(Connection& connection, std::uint64_t version) {
  if (version < progress_version) {
    for (const auto sql : create_tables) connection.execute(sql);
  }
  for (; version < progress_version; ++version) {
    const NewColumn& column = since_version_2.at(version - 1);
    const bool there =
        column.name.empty() ||
        !connection
             .query(fmt::format("SELECT 1 FROM information_schema.columns WHERE "
                                "table_schema='_wherry' AND table_name='{}' AND column_name='{}'",
                                column.table, column.name))
             .empty();
    if (!there) {
      connection.execute(fmt::format("ALTER TABLE `_wherry`.`{}` ADD COLUMN `{}` {}", column.table,
                                     column.name, column.definition));
    }
    if (version == 3) {
      // Its GTID was that of one transaction, and said nothing of those before.
      connection.execute(
          "UPDATE `_wherry`.`stream` SET `position`=SUBSTRING_INDEX(`position`,' ',"
          "IF(`position` LIKE '% since %',3,1))");
    }
    connection.execute(fmt::format("UPDATE `_wherry`.`meta` SET `version`={}", version + 1));
  }
}

}  // namespace

std::string bytes_literal(std::string_view bytes) {
  std::string out = "x'";
  out += base::to_hex(bytes);
  return out += '\'';
}

std::string where_migration(std::string_view migration) {
  return " WHERE `migration`=" + bytes_literal(migration);
}

std::string where_table(std::string_view migration, const model::CollectionName& table) {
  return fmt::format("{} AND `schema_name`={} AND `table_name`={}", where_migration(migration),
                     bytes_literal(table.schema), bytes_literal(table.name));
}

void prepare_progress(Connection& connection) {
  const UserLock lock(connection, "wherry_prepare", std::chrono::seconds(60));
  const auto version = version_found(connection);
  if (!version) {
    make_tables(connection);
  } else if (*version > progress_version) {
    throw base::Error(
        base::ErrorKind::rejected, "target.progress_newer",
        fmt::format("the schema `_wherry` is of version {}, made by a newer Wherry; this one knows "
                    "version {}: use the newer one",
                    *version, progress_version),
        connection.endpoint().text());
  } else {
    migrate(connection, *version);
  }
}

std::string numbered_shadow_schema(unsigned number) {
  return std::string(shadow_schema) + (number == 1 ? "" : std::to_string(number));
}

void forget_progress(Connection& connection, std::string_view migration) {
  const UserLock lock(connection, "wherry_prepare", std::chrono::seconds(60));
  if (!version_found(connection)) return;
  connection.execute("START TRANSACTION");
  for (const auto table : tables_with_rows_of_migrations) {
    connection.execute(
        fmt::format("DELETE FROM `_wherry`.`{}`{}", table, where_migration(migration)));
  }
  connection.execute("COMMIT");
  if (connection.query("SELECT 1 FROM `_wherry`.`lease` LIMIT 1").empty()) {
    connection.execute("DROP DATABASE `_wherry`");
    for (unsigned number = 1; number <= shadow_schemas; ++number) {
      connection.execute("DROP DATABASE IF EXISTS " + identifier(numbered_shadow_schema(number)));
    }
  }
}

}  // namespace wherry::stores::mysql
