#include "stores/mysql/damaged_reads.h"

namespace wherry::stores::mysql {

bool DamagedReads::is_on_disk(const std::string& told) {
  constexpr int enough = 3;
  const std::lock_guard lock(mutex_);
  if (told != last_) {
    last_ = told;
    times_ = 0;
  }
  return ++times_ >= enough;
}

}  // namespace wherry::stores::mysql
