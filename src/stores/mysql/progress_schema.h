#pragma once
// What Wherry keeps on a target about its progress: the tables of the schema `_wherry`, and their
// version. They are InnoDB, so that a row of theirs commits with the data it stands for; names and
// positions are kept as bytes, times in UTC by the server's clock.
//
//   meta         one row: the version of this schema
//   lease        who may write for a migration: epoch, owner, last renewal
//   stream       the source position up to which a migration's changes are applied, and after a
//                failover which server's log that is a place in
//   window_part  the dirty keys of an applied window, in pieces that fit into a packet
//   chunk        chunks whose rows are here, and between which source positions they were read
//   made_table   tables that Wherry made here
//   late_index   indexes that were put aside until their table is filled
//   made_object  views, routines, sequences, triggers and events that Wherry made
//   ddl          the change of definition that is being applied
//
// Functions use the connection they are given; errors as Connection throws them.

#include <string>
#include <string_view>

#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

inline constexpr unsigned progress_version = 6;
inline constexpr std::string_view progress_schema = "_wherry";
inline constexpr std::string_view shadow_schema = "_wherry_shadow";
// The first is in use, and the next when a crash left files in one.
inline constexpr unsigned shadow_schemas = 9;
// All of them, as GRANT names them.
inline constexpr std::string_view shadow_schema_pattern = "\\_wherry\\_shadow%";
// "_wherry_shadow", "_wherry_shadow2" … Requires: 1 ≤ number ≤ shadow_schemas.
std::string numbered_shadow_schema(unsigned number);

// Makes the schema, or brings an older one to this version. Throws Error(rejected,
// "target.progress_newer") if it was made by a newer Wherry.
void prepare_progress(Connection& connection);

// Removes all rows of a migration, and the schemas when no migration is left.
void forget_progress(Connection& connection, std::string_view migration);

// x'…'
std::string bytes_literal(std::string_view bytes);
// " WHERE `migration`=x'…'"
std::string where_migration(std::string_view migration);
// The same and `schema_name` and `table_name`.
std::string where_table(std::string_view migration, const model::CollectionName& table);

}  // namespace wherry::stores::mysql
