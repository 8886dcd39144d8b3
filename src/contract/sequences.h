#pragma once
// What counts up by itself, told by one side and lifted on the other: after a switch no value comes
// twice. Offered by stores that have such; each call may come from any thread. Errors: those of the
// connection and of the fence; what cannot be lifted is a finding by its name, never an error.
//
//   counters() of the source, sealed → model::lifted() by a margin → lift() on the target
//   → later, and after each restart of the target: check(), lift() again
//
// The way back is the same with the sides exchanged.

#include <stop_token>
#include <string>
#include <vector>

#include "contract/row_store.h"
#include "model/counter.h"
#include "model/finding.h"

namespace wherry::contract {

// A table whose rows an application takes its numbers from: one reserves the values up to the next
// step by adding it.
struct CounterTable {
  model::CollectionName table;  // on the source
  std::string name_column;      // tells its rows apart
  std::string value_column;     // a whole number
  std::string step_column;      // empty: all have `step`
  model::Whole step = 1;
};

class CounterSource {
 public:
  CounterSource() = default;
  CounterSource(const CounterSource&) = delete;
  CounterSource& operator=(const CounterSource&) = delete;
  virtual ~CounterSource() = default;

  // As they stand now: of the chosen tables and sequences, and of the rows of `tables` that are
  // chosen. Throws Error(rejected, "counter.column") if one of those has no such columns.
  virtual std::vector<model::Counter> counters(const TableFilter& filter,
                                               const std::vector<CounterTable>& tables) = 0;
};

struct Lifted {
  std::vector<model::Counter> counters;  // those that were moved, by their names on the source
  std::vector<model::Finding> findings;  // "counter.exhausted", "counter.missing"
};

class CounterTarget {
 public:
  CounterTarget() = default;
  CounterTarget(const CounterTarget&) = delete;
  CounterTarget& operator=(const CounterTarget&) = delete;
  virtual ~CounterTarget() = default;

  // Afterwards none stands before `wanted` but those with a finding; none is ever lowered. Rows are
  // data: lifting one is a write like an application's, which makes the row another than the
  // source's. Requires: `tables` as counters() had them.
  virtual Lifted lift(const Fence& fence, const std::vector<model::Counter>& wanted,
                      const std::vector<CounterTable>& tables, const TableRoute& route,
                      const std::stop_token& stop) = 0;

  // Which of the wanted the target stands before now, or does not have: a server before MySQL 8
  // and MariaDB 10.2.4 forgets at a restart what its rows do not show. Changes nothing.
  virtual std::vector<model::Counter> check(const std::vector<model::Counter>& wanted,
                                            const std::vector<CounterTable>& tables,
                                            const TableRoute& route) = 0;
};

}  // namespace wherry::contract
