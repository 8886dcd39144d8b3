#pragma once
// What is wrong with a config file, where, and what to write instead. Values.

#include <compare>
#include <string>
#include <utility>
#include <vector>

namespace wherry::config {

// Lines and columns count from 1; 0 stands for "the file as a whole". Columns count bytes.
struct Place {
  int line = 0;
  int column = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Problem {
  std::string file;
  Place place;
  std::string code;     // stable: "config.unknown_key"
  std::string message;  // "unknown key 'incldue' in tables"
  std::string hint;     // "did you mean 'include'?"; may be empty

  std::string where() const;  // "wherry.yaml:12:3"
  std::string text()
      const;  // "wherry.yaml:12:3: unknown key …; did you mean …? [config.unknown_key]"
};

// Collects the problems of one file, so that all are told at once.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}
  void add(Place place, std::string code, std::string message, std::string hint = {});
  bool empty() const { return list_.empty(); }
  // In the order of their places.
  std::vector<Problem> sorted() const;

 private:
  std::string file_;
  std::vector<Problem> list_;
};

// The candidate nearest to a misspelt word, empty if none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);
// "did you mean 'x'?" or, when nothing is near, "known: a, b, c".
std::string suggestion(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace wherry::config
