#include "stores/mysql/json_values.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::stores::mysql {

void AskedValues::clear() {
  numbers_.clear();
  list_.clear();
}

void AskedValues::add(const JsonQuestion& question) {
  if (!numbers_.try_emplace(question.expression, numbers_.size()).second) return;
  list_.append(",IFNULL(JSON_TYPE(").append(question.expression).append("),'')");
}

std::size_t AskedValues::count_new(const std::vector<JsonQuestion>& questions) const {
  return static_cast<std::size_t>(
      std::count_if(questions.begin(), questions.end(),
                    [&](const auto& q) { return !numbers_.contains(q.expression); }));
}

std::string AskedValues::expression() const {
  return numbers_.empty() ? "''" : "CONCAT_WS(','" + list_ + ")";
}

std::vector<std::string_view> AskedValues::types(std::string_view answer) const {
  std::vector<std::string_view> out;
  if (numbers_.empty()) return out;
  for (std::size_t at = 0; at <= answer.size();) {
    const std::size_t comma = std::min(answer.find(',', at), answer.size());
    out.push_back(answer.substr(at, comma - at));
    at = comma + 1;
  }
  if (out.size() != numbers_.size()) throw_unanswered();
  return out;
}

void throw_unanswered() {
  throw base::Error(base::ErrorKind::data_mismatch, "mysql.json",
                    "the server does not tell the types inside documents that it has just shown");
}

}  // namespace wherry::stores::mysql
