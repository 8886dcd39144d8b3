#pragma once
// SIGINT and SIGTERM: the first asks for a stop at a safe point, a second one ends the process at
// once (what was not committed is done again by the next run). SIGHUP calls `reload`. A thread of
// its own waits for them. One object a process, made before any other thread.

#include <functional>
#include <stop_token>
#include <thread>

namespace wherry::app {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Starts waiting. `on_first(name)` is called once, before the stop is requested.
  void watch(std::stop_source stop, std::function<void(const char* name)> on_first,
             std::function<void()> reload);

 private:
  std::jthread thread_;
};

}  // namespace wherry::app
