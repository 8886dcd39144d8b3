#pragma once
// Secondary indexes that only make filling a table slow are put aside while it is filled and built
// in one pass when all its rows are there. Kept: unique, full-text and spatial ones, what foreign
// keys and AUTO_INCREMENT need, and all of small tables. `_wherry`.`late_index` holds the
// definitions of those put aside, as the target's own server printed them. Errors as Connection
// throws them.

#include <string>
#include <string_view>
#include <vector>

#include "contract/row_store.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

struct SecondaryIndex {
  std::string name;
  std::string definition;  // "KEY `k` (`a`,`b`)", as ALTER TABLE ADD takes it
};

// What a table's definition says of its indexes. Pure.
struct IndexesOfTable {
  struct Reference {
    model::CollectionName table;
    std::string column;
  };
  struct Plain {
    SecondaryIndex index;
    std::string first_column;
  };
  std::vector<Plain> plain;
  std::vector<std::string> needed;    // first columns of its foreign keys, and of AUTO_INCREMENT
  std::vector<Reference> references;  // first columns of others, for its foreign keys
};
// `shown` as SHOW CREATE TABLE prints it.
IndexesOfTable indexes_in(std::string_view shown, const model::CollectionName& table);

// As contract::RowTarget::begin_filling() and end_filling().
void put_indexes_aside(Connection& connection, const contract::Fence& fence,
                       const std::vector<contract::TablePair>& tables);
void build_indexes(Connection& connection, const contract::Fence& fence,
                   const model::CollectionName& table);
// All tables' that lack any.
void build_all_indexes(Connection& connection, const contract::Fence& fence);
std::vector<model::CollectionName> tables_that_lack_indexes(Connection& connection,
                                                            std::string_view migration);
// Of tables that are to be made again.
void forget_late_indexes(Connection& connection, std::string_view migration);

}  // namespace wherry::stores::mysql
