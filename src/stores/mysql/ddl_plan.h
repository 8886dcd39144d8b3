#pragma once
// Makes a change of definition ready for the target: names exchanged, or refused by name. Pure.

#include <functional>
#include <string>

#include "contract/row_store.h"
#include "model/change.h"

namespace wherry::stores::mysql {

struct DdlCircumstances {
  // Whether the table with this name on the target exists, not counting what this very statement
  // made before a crash. Asked only for CREATE TABLE IF NOT EXISTS.
  std::function<bool(const model::CollectionName&)> exists;
  // Whether tables of the migration are kept in this schema of the target.
  std::function<bool(const std::string&)> holds_tables;
  // Whether the target's JSON is a type of its own. Asked only where the source's is a text.
  std::function<bool()> json_is_a_type;
};

// As contract::DdlTarget::plan().
contract::DdlPlan plan_ddl(const model::DdlEvent& event, const contract::TableFilter& filter,
                           const contract::TableRoute& route, const DdlCircumstances& now);

}  // namespace wherry::stores::mysql
