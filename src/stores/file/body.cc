#include "stores/file/body.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stores/file/attributes.h"
#include "stores/file/errors.h"

namespace wherry::stores::file {

Body::Body(Fd file, std::string version, std::string path)
    : file_(std::move(file)), version_(std::move(version)), path_(std::move(path)) {
  require_unchanged();
  struct stat is {};
  if (::fstat(file_.get(), &is) != 0) throw_errno(Side::reading, "cannot look at it", path_);
  size_ = static_cast<std::uint64_t>(is.st_size);
  constexpr std::uint64_t block = 512;
  may_have_holes_ = static_cast<std::uint64_t>(is.st_blocks) * block < size_;
  ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

void Body::require_unchanged() const {
  struct stat is {};
  if (::fstat(file_.get(), &is) != 0) throw_errno(Side::reading, "cannot look at it", path_);
  if (!S_ISREG(is.st_mode) || version_of(is) != version_) throw_changed(path_);
}

// Moves to the next data; false if there is none up to the end.
bool Body::find_data() {
  if (at_ >= size_) return false;
  data_end_ = size_;
  if (!may_have_holes_) return true;
  const off_t data = ::lseek(file_.get(), static_cast<off_t>(at_), SEEK_DATA);
  if (data < 0) {
    if (errno == ENXIO) return false;
    if (errno == EINVAL) return true;  // the file system cannot tell: all is data
    throw_errno(Side::reading, "cannot find data in", path_);
  }
  at_ = static_cast<std::uint64_t>(data);
  const off_t hole = ::lseek(file_.get(), data, SEEK_HOLE);
  if (hole >= 0) data_end_ = std::min(size_, static_cast<std::uint64_t>(hole));
  return at_ < size_;
}

std::optional<contract::ObjectBody::Piece> Body::read(std::span<char> into) {
  if (at_ >= data_end_ && !find_data()) {
    require_unchanged();
    return std::nullopt;
  }
  const std::size_t most = std::min<std::uint64_t>(into.size(), data_end_ - at_);
  while (true) {
    const ssize_t got = ::pread(file_.get(), into.data(), most, static_cast<off_t>(at_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(Side::reading, "cannot read", path_);
    if (got == 0) throw_changed(path_);
    const Piece piece{at_, static_cast<std::size_t>(got)};
    at_ += piece.size;
    return piece;
  }
}

}  // namespace wherry::stores::file
