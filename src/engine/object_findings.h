#pragma once
// Findings about single objects: each told once a run, in the journal, and after many of one code
// only counted. Thread-safe.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "journal/journal.h"
#include "model/finding.h"

namespace wherry::engine {

// The code of "not the same on the target".
inline constexpr const char* object_differs = "object.differs";

class ObjectFindings {
 public:
  static constexpr std::uint64_t listed_of_a_code = 1000;
  static constexpr std::string_view more_suffix = ".more";

  // Knows those that are open.
  explicit ObjectFindings(journal::Journal& journal);

  void tell(const model::Finding& finding);
  // Closes all about objects: everything is going to be looked at again.
  void start_over();
  // Closes those of one code.
  void forget(const std::string& code);
  std::uint64_t count(const std::string& code) const;

 private:
  struct OfCode {
    std::unordered_set<std::string> subjects;
    std::uint64_t more = 0;
  };
  journal::Journal& journal_;
  mutable std::mutex mutex_;
  std::map<std::string, OfCode> codes_;
};

}  // namespace wherry::engine
