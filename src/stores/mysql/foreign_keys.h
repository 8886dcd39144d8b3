#pragma once
// Foreign keys, read from a table's CREATE statement: information_schema hides them from accounts
// that may only read. Pure. Errors: as tokenize().

#include <string>
#include <string_view>
#include <vector>

#include "model/schema.h"

namespace wherry::stores::mysql {

struct ForeignKey {
  std::vector<std::string> columns;
  model::CollectionName parent;
  std::vector<std::string> parent_columns;
  std::string on_delete;  // "CASCADE", "SET NULL", "SET DEFAULT", "NO ACTION", "RESTRICT"; empty if
                          // not said
  std::string on_update;
  bool cascades() const;  // a change of the parent changes this table, and no log shows it
};

// `create` as SHOW CREATE TABLE prints it; a parent without schema is in `table`'s.
std::vector<ForeignKey> foreign_keys_in(std::string_view create,
                                        const model::CollectionName& table);

}  // namespace wherry::stores::mysql
