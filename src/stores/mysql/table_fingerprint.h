#pragma once
// A table's whole definition in a form that can be compared: what its server prints, without the
// table's own name, the next AUTO_INCREMENT value, and whether names of parents are qualified. Two
// tables of one server with equal fingerprints are defined alike, indexes and foreign keys
// included.

#include <optional>
#include <string>
#include <string_view>

#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// `shown` as SHOW CREATE TABLE prints it; `stands_for` is what the table is to be taken for, where
// a foreign key refers to itself. Pure.
std::string fingerprint_of(std::string_view shown, const model::CollectionName& table,
                           const model::CollectionName& stands_for);

// Nothing if there is no such table. Throws Error(not_supported, "ddl.not_a_table") for a view.
std::optional<std::string> read_fingerprint(Connection& connection,
                                            const model::CollectionName& table);

}  // namespace wherry::stores::mysql
