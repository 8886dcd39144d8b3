#pragma once
// A file's content, holes left out. Owns the open file. Thread-safety: one thread.

#include <cstdint>
#include <string>

#include "contract/object_store.h"
#include "stores/file/folder.h"

namespace wherry::stores::file {

class Body final : public contract::ObjectBody {
 public:
  // Throws Error(data_mismatch) unless the file is of that version.
  Body(Fd file, std::string version, std::string path);
  std::optional<Piece> read(std::span<char> into) override;

 private:
  void require_unchanged() const;
  bool find_data();

  Fd file_;
  std::string version_;
  std::string path_;
  std::uint64_t size_ = 0;
  bool may_have_holes_ = false;
  std::uint64_t at_ = 0;
  std::uint64_t data_end_ = 0;  // of the run of data that at_ is in
};

}  // namespace wherry::stores::file
