#pragma once
// Values inside documents whose types one statement asks for, and what it answers of a row. Used by
// one thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stores/mysql/json_text.h"

namespace wherry::stores::mysql {

class AskedValues {
 public:
  std::size_t size() const { return numbers_.size(); }
  std::size_t bytes() const { return list_.size(); }  // of SQL
  void clear();
  void add(const JsonQuestion& question);
  // How many of these it does not ask for yet.
  std::size_t count_new(const std::vector<JsonQuestion>& questions) const;

  // Gives the types of all values, of one row, in one text.
  std::string expression() const;
  // What is in such a text: a type for each value, empty for one that the row's documents have not.
  // Throws as throw_unanswered().
  std::vector<std::string_view> types(std::string_view answer) const;
  // Which of the types is this value's. Requires: it is asked for.
  std::size_t number_of(const JsonQuestion& question) const {
    return numbers_.at(question.expression);
  }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;  // of each value's expression
  std::string list_;
};

// Error(data_mismatch, "mysql.json"): the server contradicts itself.
[[noreturn]] void throw_unanswered();

}  // namespace wherry::stores::mysql
