#pragma once
// An object's content given in a test.

#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "contract/object_store.h"

namespace wherry::contract_tests {

// Bytes with holes; fails after `fail_after` pieces if asked to.
class TextBody final : public contract::ObjectBody {
 public:
  explicit TextBody(std::vector<std::pair<std::uint64_t, std::string>> pieces, int fail_after = -1)
      : pieces_(std::move(pieces)), fail_after_(fail_after) {}
  std::optional<Piece> read(std::span<char> into) override {
    if (fail_after_ >= 0 && static_cast<int>(next_) == fail_after_) {
      throw base::Error(base::ErrorKind::data_mismatch, "object.changed", "planted");
    }
    if (next_ == pieces_.size()) return std::nullopt;
    const auto& [offset, text] = pieces_[next_++];
    std::memcpy(into.data(), text.data(), text.size());
    return Piece{offset, text.size()};
  }

 private:
  std::vector<std::pair<std::uint64_t, std::string>> pieces_;
  int fail_after_;
  std::size_t next_ = 0;
};

}  // namespace wherry::contract_tests
