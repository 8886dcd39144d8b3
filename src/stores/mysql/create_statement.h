#pragma once
// Makes of a source's SHOW CREATE TABLE the statement that makes the table on a target: names
// exchanged, executable comments opened, and left out what says where on the source's disk the
// table lies. Everything else stays as the source's server wrote it, but for what the target's
// server would not read or would forget: it makes a plain column of a COMPRESSED one, and has no
// CHECK constraints before MySQL 8.0.16. Pure.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Where a table or sequence of the source is on the target; nothing if it is not moved.
using FindTarget =
    std::function<std::optional<model::CollectionName>(const model::CollectionName&)>;

// The sequences that defaults of such a table take values of.
std::vector<model::CollectionName> sequences_in(std::string_view shown);

// `shown` as SHOW CREATE TABLE prints it with sql_mode ''. Throws Error(rejected,
// "target.foreign_key_outside") if a foreign key refers to a table that is not moved, and
// "target.sequence_outside" if a default is of a sequence that is not.
std::string rewrite_create(std::string_view shown, const model::CollectionName& source,
                           const FindTarget& target_of, const ServerVersion& target);

}  // namespace wherry::stores::mysql
