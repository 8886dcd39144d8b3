// Loaded into a server by LD_PRELOAD: while a file named slow-log-sync lies in the server's data
// directory (where it runs), each sync of its binary log takes 600 ms longer, so that what is in
// the log is committed late. Plain C inside: a server is no place for our libraries.
#include <array>
#include <cstdio>
#include <cstring>

#include <dlfcn.h>
#include <unistd.h>

namespace {

void delay(int fd) {
  std::array<char, 64> link{};
  std::array<char, 4096> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  if (readlink(link.data(), path.data(), path.size() - 1) <= 0) return;
  if (std::strstr(path.data(), "mysql-bin.0") == nullptr) return;
  if (access("slow-log-sync", F_OK) == 0) usleep(600'000);
}

int after_delay(const char* name, int fd) {
  delay(fd);
  using Sync = int (*)(int);
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fdatasync(int fd) { return after_delay("fdatasync", fd); }
extern "C" int fsync(int fd) { return after_delay("fsync", fd); }
