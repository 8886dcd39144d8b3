#include "stores/mysql/assess_pair.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/schema_maker.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using model::Finding;
using model::Severity;

std::string name_folding(Connection& server) {
  return server.scalar("SELECT @@lower_case_table_names").value_or("0");
}

// Names that the target folds are told of with the tables (target.lower_case_table_names).
void compare_folding(Connection& source, Connection& target, std::vector<Finding>& findings) {
  const std::string theirs = name_folding(source);
  if (theirs == "0" || name_folding(target) != "0") return;
  findings.push_back(
      {Severity::warning, "target.names_have_case", "target",
       "the source finds tables by names in any case (lower_case_table_names=" + theirs +
           "), the target only as they are spelled: statements of applications that spell them "
           "otherwise fail there",
       "set up the target with lower_case_table_names=1 (MySQL 8: when its data directory is "
       "made), or see to it that applications write the names in lower case"});
}

std::uint64_t greatest_statement(Connection& server) {
  return server.query("SELECT @@GLOBAL.max_allowed_packet").number(0, std::size_t{0}).value_or(0);
}

// Bytes are written in statements as hexadecimal numbers.
void compare_packets(Connection& source, Connection& target, std::vector<Finding>& findings) {
  constexpr std::uint64_t greatest = std::uint64_t{1} << 30U;  // that a server takes
  const std::uint64_t theirs = greatest_statement(source);
  const std::uint64_t ours = greatest_statement(target);
  if (ours >= theirs) return;
  findings.push_back(
      {Severity::warning, "target.smaller_packets", "target",
       fmt::format("max_allowed_packet is {} on the source and only {} on the target: a great row "
                   "of the source might not fit into a statement, and would stop the migration",
                   base::human_bytes(theirs), base::human_bytes(ours)),
       fmt::format("SET GLOBAL max_allowed_packet={}; on the target, which is room for such a row "
                   "in hexadecimal numbers",
                   std::min(greatest, 2 * theirs))});
}

// MariaDB keeps a UNIQUE over whole columns of text or bytes by a hash. MySQL has no such index.
void find_hashed_uniques(Connection& source, Connection& target,
                         const contract::TableFilter& filter, std::vector<Finding>& findings) {
  if (!source.server().is_mariadb() || target.server().is_mariadb()) return;
  const Result r = source.query(
      "SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME FROM information_schema.STATISTICS "
      "WHERE INDEX_TYPE='HASH' AND NON_UNIQUE=0 ORDER BY 1, 2, 3");
  for (std::size_t row = 0; row < r.rows(); ++row) {
    const model::CollectionName table{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})};
    if (is_system_schema(table.schema) || !filter(table)) continue;
    const std::string index = r.text(row, std::size_t{2});
    findings.push_back(
        {Severity::blocker, "target.unique_hash", table.text() + "." + base::printable(index),
         "MariaDB keeps this UNIQUE over long columns by a hash, and a MySQL has no such index",
         "on the source ALTER TABLE " + qualified(table) + " DROP INDEX " + identifier(index) +
             ", or make it one of the columns' first bytes or of a generated column with their "
             "hash; or exclude the table"});
  }
}

void compare_schema(const SchemaDefaults& ours, const SchemaDefaults* theirs, bool known,
                    const std::string& name, const std::string& mend,
                    std::vector<Finding>& findings) {
  if (theirs == nullptr && !known) {
    findings.push_back(
        {Severity::blocker, "target.collation_missing", base::printable(name),
         "the target does not know the collation " + ours.collation + ", this schema's default",
         "make the schema on the target with a default that it knows, or ALTER DATABASE on the "
         "source first"});
  } else if (theirs != nullptr && one_name(theirs->collation) != one_name(ours.collation)) {
    findings.push_back(
        {Severity::warning, "target.schema_default", base::printable(name),
         "tables that are made in this schema while it is followed would be " + theirs->collation +
             " on the target, and " + ours.collation + " on the source",
         known ? "on the target " + mend : "name the collation in statements that make tables"});
  }
}

// One that the target has already stays as it is, and with it what tables get that are made later.
void compare_schemas(Connection& source, Connection& target, const contract::TableFilter& filter,
                     const contract::TableRoute& route, std::vector<Finding>& findings) {
  const auto there = read_schemas(target);
  const auto known = read_collations(target);
  for (const SchemaDefaults& ours : read_schemas(source)) {
    const model::CollectionName later{ours.name, std::string(any_table)};
    if (!filter(later)) continue;
    const std::string name = route(later).schema;
    const auto at = std::find_if(there.begin(), there.end(),
                                 [&](const SchemaDefaults& s) { return s.name == name; });
    compare_schema(
        ours, at == there.end() ? nullptr : &*at, known.contains(one_name(ours.collation)), name,
        "ALTER DATABASE " + identifier(name) + " " + default_clause(target, ours) + ";", findings);
  }
}

// Where all columns name other ones, only the table's own default stands in the way of making it.
void compare_table_defaults(Connection& source, Connection& target,
                            const contract::TableFilter& filter, const contract::TableRoute& route,
                            std::vector<Finding>& findings) {
  const auto known = read_collations(target);
  const Result r = source.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_COLLATION FROM information_schema.TABLES WHERE "
      "TABLE_TYPE='BASE TABLE' AND TABLE_COLLATION IS NOT NULL ORDER BY 1, 2");
  for (std::size_t row = 0; row < r.rows(); ++row) {
    const model::CollectionName table{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})};
    const std::string collation = r.text(row, std::size_t{2});
    if (is_system_schema(table.schema) || !filter(table)) continue;
    if (known.contains(one_name(collation)) || read_table(target, route(table))) continue;
    findings.push_back(
        {Severity::blocker, "target.collation_missing", table.text(),
         "the target does not know the collation " + collation + ", this table's default",
         "on the source ALTER TABLE " + qualified(table) +
             " DEFAULT CHARACTER SET … COLLATE …, which leaves its columns as they are; or make "
             "the table on the target by hand"});
  }
}

}  // namespace

std::vector<Finding> assess_pair(Connection& source, Connection& target,
                                 const contract::TableFilter& filter,
                                 const contract::TableRoute& route) {
  std::vector<Finding> findings;
  compare_folding(source, target, findings);
  compare_packets(source, target, findings);
  find_hashed_uniques(source, target, filter, findings);
  compare_schemas(source, target, filter, route, findings);
  compare_table_defaults(source, target, filter, route, findings);
  return findings;
}

}  // namespace wherry::stores::mysql
