#pragma once
// An event of a log that came with a wrong checksum was damaged on its way or on the server's disk.
// What was damaged on its way is right when it is read again; what is the same time after time is
// damaged on disk, which a person must see. Thread-safe.

#include <mutex>
#include <string>

#include "base/error.h"

namespace wherry::stores::mysql {

class DamagedReads {
 public:
  // What `read` gives. A wrong checksum becomes Error(connection_lost), which is tried again, until
  // the same was told three times in a row.
  template <typename Read>
  auto pass_on(const Read& read) {
    try {
      return read();
    } catch (const base::Error& e) {
      if (e.code() != "binlog.checksum" || is_on_disk(e.what())) throw;
      throw base::Error(base::ErrorKind::connection_lost, e.code(), e.message(), e.context());
    }
  }

 private:
  bool is_on_disk(const std::string& told);

  std::mutex mutex_;
  std::string last_;
  int times_ = 0;
};

}  // namespace wherry::stores::mysql
