#pragma once
// What foreign keys with CASCADE or SET NULL did to rows on the source, done again on the target:
// rows that refer to the changed parent are found and changed here, since the target's session has
// foreign keys switched off and parents may be missing there. Follows the rules on from each row
// that it changes. Rows are taken a page at a time.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "contract/row_cascade.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/row_sink.h"

namespace wherry::stores::mysql {

// Which foreign keys among these tables change rows by themselves. `names` are the tables' names on
// this connection's server; Requires: as many as `tables`.
std::vector<contract::CascadeRule> read_cascades(Connection& connection,
                                                 const std::vector<contract::TablePair>& tables,
                                                 const std::vector<model::CollectionName>& names);

class Cascade {
 public:
  // Requires: a transaction is open, and the session is as `sink` prepares it.
  Cascade(Connection& connection, RowSink& sink, const contract::CascadeRules& rules,
          std::uint64_t most_keys)
      : connection_(connection), sink_(sink), rules_(rules), most_keys_(most_keys) {}

  void follow(const contract::ParentChange& change) { follow(change, 0); }
  contract::Cascaded touched() { return std::move(touched_); }

 private:
  struct Referring;  // the rows of one child that refer to these values
  void follow(const contract::ParentChange& change, int depth);
  void follow_rule(const contract::CascadeRule& rule, const contract::ParentChange& change,
                   int depth);
  void change_with_key(const Referring& rows, const contract::ParentChange& change, int depth);
  void change_without_key(const Referring& rows, const contract::ParentChange& change, int depth);
  model::RowBatch read_page(const Referring& rows, const std::string& where) const;
  void go_on(const Referring& rows, const model::RowBatch& before,
             const contract::ParentChange& change, int depth);
  model::RowBatch changed(const Referring& rows, const model::RowBatch& before,
                          const contract::ParentChange& change) const;
  std::string assignments(const Referring& rows, const contract::ParentChange& change) const;
  void run(const contract::TablePair& table, const std::string& sql);
  void touch(const contract::TablePair& table, const model::RowBatch& rows);

  Connection& connection_;
  RowSink& sink_;
  const contract::CascadeRules& rules_;
  std::uint64_t most_keys_;
  contract::Cascaded touched_;
};

}  // namespace wherry::stores::mysql
