// A TCP gate: listens on the loopback and forwards to a server; on command it delays, limits,
// stalls, cuts or refuses, so that a test chooses when and how a network fails.
//
// Thread-safety: all methods from any thread; they act on open connections too, within 20 ms.
// Ownership: the destructor cuts all connections and joins. Errors: std::system_error from the
// constructor and refuse(false).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace wherry::tests {

enum class Direction { to_server, to_client };

class Gate {
 public:
  // `target` is HOST:PORT (an IPv4 address) or the path of a unix socket. Port 0: a free one.
  explicit Gate(std::string target, unsigned port = 0);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();

  unsigned port() const { return port_; }

  // How long a byte is on its way; others follow it meanwhile, as through a long cable.
  void delay(std::chrono::milliseconds time);
  // Bytes a second in each direction, of all connections together; 0: no limit.
  void limit(std::uint64_t bytes_per_second);
  // Connections stay open and nothing passes, until stall(false).
  void stall(bool on);
  // Resets all open connections.
  void cut();
  // Once exactly `bytes` more have passed in that direction (over all connections), resets the
  // connection that carried the last one. Once; 0 resets on the next byte, before it passes.
  void cut_after(Direction direction, std::uint64_t bytes);
  // New connections are refused by the kernel, as by a server that is down; open ones stay.
  void refuse(bool on);

  // Where new connections go from now on; open ones stay.
  void forward_to(std::string target);

  // Bytes passed since the start.
  std::uint64_t passed(Direction direction) const;
  // Connections accepted since the start.
  std::uint64_t accepted() const { return accepted_; }

 private:
  struct Session;
  using Clock = std::chrono::steady_clock;
  void listen();
  void accept_loop();
  // Requires: mutex_ held, for both.
  void accept_pending();
  void open_session(int client);
  void pump(Session& session, Direction direction);
  // When the last of so many bytes has left, at the pace of the limit.
  Clock::time_point leaves(Direction direction, std::size_t size);
  // How many bytes of a connection may be on the way: about what keeps a limited link full.
  std::size_t room_on_the_way() const;
  void forward(Session& session, Direction direction, int to, const std::string& bytes);
  // How many of `n` bytes may pass before the connection must be cut.
  std::size_t allowed(Direction direction, std::size_t n);
  // Whether the last allowed byte has passed; says so once.
  bool reached_cut(Direction direction);

  unsigned port_;
  std::atomic<std::chrono::milliseconds> delay_{std::chrono::milliseconds(0)};
  std::atomic<std::uint64_t> limit_ = 0;
  std::atomic<bool> stalled_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::array<std::atomic<std::uint64_t>, 2> passed_{};
  mutable std::mutex mutex_;
  // Under mutex_:
  std::string target_;
  int listener_ = -1;                           // -1: refusing
  std::array<std::int64_t, 2> left_{-1, -1};    // bytes until the cut; -1: none wanted
  std::array<Clock::time_point, 2> free_at_{};  // until when the link is taken
  std::list<std::unique_ptr<Session>> sessions_;
  std::thread accepting_;
};

}  // namespace wherry::tests
