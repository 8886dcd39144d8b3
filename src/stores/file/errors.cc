#include "stores/file/errors.h"

#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace wherry::stores::file {

using base::ErrorKind;

namespace {

struct Meaning {
  ErrorKind kind;
  const char* code;
};

Meaning meaning(int number, Side side) {
  switch (number) {
    case EACCES:
    case EPERM:
      return {ErrorKind::not_supported, "file.permission"};
    case ENAMETOOLONG:
    case EILSEQ:
      return {ErrorKind::not_supported, "file.name"};
    case EISDIR:
    case ENOTEMPTY:
    case EEXIST:
      return {ErrorKind::not_supported, "file.in_the_way"};
    case EOPNOTSUPP:
    case EINVAL:
    case EFBIG:
    case E2BIG:
    case EMLINK:
    case EXDEV:
      return {ErrorKind::not_supported, "file.not_possible"};
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      // Somebody changes the tree: the source's owner may, on the target nobody should.
      if (side == Side::reading) return {ErrorKind::data_mismatch, "object.changed"};
      return {ErrorKind::not_supported, "file.in_the_way"};
    case EIO:
      if (side == Side::reading) return {ErrorKind::not_supported, "file.unreadable"};
      return {ErrorKind::rejected, "file.io"};
    case ENOSPC:
    case EDQUOT:
      return {ErrorKind::rejected, "file.full"};
    case EROFS:
      return {ErrorKind::rejected, "file.read_only"};
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
      return {ErrorKind::transient, "file.busy"};
    default:
      return {ErrorKind::rejected, "file.error"};
  }
}

}  // namespace

void throw_errno(Side side, const char* what, std::string_view path) {
  const int number = errno;
  const auto [kind, code] = meaning(number, side);
  throw base::Error(kind, code, std::string(what) + ": " + std::generic_category().message(number),
                    base::printable(path));
}

void throw_changed(std::string_view path) {
  throw base::Error(ErrorKind::data_mismatch, "object.changed", "changed while it was read",
                    base::printable(path));
}

}  // namespace wherry::stores::file
