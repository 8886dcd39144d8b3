#include "tests/support/gate/gate.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/port.h"

namespace wherry::tests {

namespace {

constexpr int tick = 10;  // ms: how soon a waiting thread sees a command

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

bool wait_for(int fd, short events, int milliseconds) {
  pollfd entry{fd, events, 0};
  return poll(&entry, 1, milliseconds) > 0;
}

sockaddr_in address_of(const std::string& host, unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

void no_nagle(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// -1 when the server does not answer.
int connect_to(const std::string& target) {
  int fd = -1;
  int result = -1;
  if (target.find('/') != std::string::npos) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (target.size() >= sizeof address.sun_path) return -1;
    std::memcpy(address.sun_path, target.c_str(), target.size() + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    const std::size_t colon = target.rfind(':');
    const sockaddr_in address = address_of(
        target.substr(0, colon), static_cast<unsigned>(std::stoul(target.substr(colon + 1))));
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    no_nagle(fd);
  }
  if (result == 0) return fd;
  close(fd);
  return -1;
}

// Closing then sends a reset, not an orderly end.
void close_with_reset(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

}  // namespace

struct Gate::Session {
  int client = -1;
  int server = -1;
  std::atomic<bool> cut = false;
  std::atomic<int> pumps = 2;  // the one that ends last closes
  std::thread threads[2];
};

Gate::Gate(std::string target, unsigned port)
    : port_(port == 0 ? pick_free_port() : port), target_(std::move(target)) {
  listen();
  accepting_ = std::thread([this] { accept_loop(); });
}

void Gate::forward_to(std::string target) {
  const std::lock_guard lock(mutex_);
  target_ = std::move(target);
}

Gate::~Gate() {
  stopping_ = true;
  accepting_.join();
  cut();
  for (const auto& session : sessions_) {
    for (std::thread& thread : session->threads) thread.join();
  }
  if (listener_ >= 0) close(listener_);
}

void Gate::listen() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = address_of("127.0.0.1", port_);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 128) != 0) {
    close(fd);
    fail("listen");
  }
  listener_ = fd;
}

void Gate::delay(std::chrono::milliseconds time) { delay_ = time; }
void Gate::limit(std::uint64_t bytes_per_second) { limit_ = bytes_per_second; }
void Gate::stall(bool on) { stalled_ = on; }

void Gate::cut() {
  const std::lock_guard lock(mutex_);
  accept_pending();  // to the client these are open already
  for (const auto& session : sessions_) session->cut = true;
}

void Gate::cut_after(Direction direction, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  left_[static_cast<std::size_t>(direction)] = static_cast<std::int64_t>(bytes);
}

void Gate::refuse(bool on) {
  const std::lock_guard lock(mutex_);
  if (on && listener_ >= 0) {
    accept_pending();  // closing would reset them
    close(listener_);
    listener_ = -1;
  } else if (!on && listener_ < 0) {
    listen();
  }
}

std::uint64_t Gate::passed(Direction direction) const {
  return passed_[static_cast<std::size_t>(direction)];
}

std::size_t Gate::allowed(Direction direction, std::size_t n) {
  const std::lock_guard lock(mutex_);
  std::int64_t& left = left_[static_cast<std::size_t>(direction)];
  if (left < 0) return n;
  const std::size_t pass = std::min(n, static_cast<std::size_t>(left));
  left -= static_cast<std::int64_t>(pass);
  return pass;
}

bool Gate::reached_cut(Direction direction) {
  const std::lock_guard lock(mutex_);
  std::int64_t& left = left_[static_cast<std::size_t>(direction)];
  if (left != 0) return false;
  left = -1;
  return true;
}

void Gate::accept_loop() {
  while (!stopping_) {
    {
      const std::lock_guard lock(mutex_);
      accept_pending();
      sessions_.remove_if([](const std::unique_ptr<Session>& session) {
        if (session->pumps > 0) return false;
        for (std::thread& thread : session->threads) thread.join();
        return true;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Gate::accept_pending() {
  while (listener_ >= 0) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    open_session(client);
  }
}

void Gate::open_session(int client) {
  ++accepted_;
  no_nagle(client);
  const int server = connect_to(target_);
  if (server < 0) {
    close_with_reset(client);
    return;
  }
  auto session = std::make_unique<Session>();
  session->client = client;
  session->server = server;
  Session& kept = *sessions_.emplace_back(std::move(session));
  kept.threads[0] = std::thread([this, &kept] { pump(kept, Direction::to_server); });
  kept.threads[1] = std::thread([this, &kept] { pump(kept, Direction::to_client); });
}

Gate::Clock::time_point Gate::leaves(Direction direction, std::size_t size) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  Clock::time_point& free_at = free_at_[static_cast<std::size_t>(direction)];
  free_at = std::max(free_at, now);
  if (const std::uint64_t limit = limit_; limit > 0) {
    free_at += std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(static_cast<double>(size) / static_cast<double>(limit)));
  }
  return free_at;
}

std::size_t Gate::room_on_the_way() const {
  const auto limit = static_cast<double>(limit_);
  if (limit == 0) return std::size_t{4} << 20U;
  const std::chrono::duration<double> delay = delay_.load();
  return std::max<std::size_t>(65536, static_cast<std::size_t>(limit * (2 * delay.count() + 0.05)));
}

void Gate::forward(Session& session, Direction direction, int to, const std::string& bytes) {
  const std::size_t pass = allowed(direction, bytes.size());
  std::size_t sent = 0;
  while (sent < pass && !session.cut) {
    const ssize_t n = send(to, bytes.data() + sent, pass - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      passed_[static_cast<std::size_t>(direction)] += static_cast<std::uint64_t>(n);
    } else if (errno == EAGAIN || errno == EINTR) {
      wait_for(to, POLLOUT, tick);
    } else {
      session.cut = true;
    }
  }
  if (reached_cut(direction)) session.cut = true;
}

void Gate::pump(Session& session, Direction direction) {
  struct Piece {
    Clock::time_point arrives;
    std::string bytes;
  };
  const bool inward = direction == Direction::to_server;
  const int from = inward ? session.client : session.server;
  const int to = inward ? session.server : session.client;
  std::deque<Piece> on_the_way;
  std::size_t size_on_the_way = 0;
  bool ended = false;
  char buffer[65536];
  while (!session.cut && !(ended && on_the_way.empty())) {
    if (stalled_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(tick));
      continue;
    }
    int patience = tick;
    if (!on_the_way.empty()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(on_the_way.front().arrives - Clock::now());
      if (left.count() <= 0) {
        forward(session, direction, to, on_the_way.front().bytes);
        size_on_the_way -= on_the_way.front().bytes.size();
        on_the_way.pop_front();
        continue;
      }
      patience = std::min(patience, static_cast<int>(left.count()));
    }
    if (ended || size_on_the_way >= room_on_the_way()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(patience));
      continue;
    }
    if (!wait_for(from, POLLIN, patience)) continue;
    const std::uint64_t limit = limit_;
    // Small pieces under a limit, so that it is a flow and not a burst a second.
    const std::size_t piece =
        limit == 0 ? sizeof buffer : std::clamp<std::size_t>(limit / 50, 1, sizeof buffer);
    const ssize_t n = recv(from, buffer, piece, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) session.cut = true;
    ended = n == 0;
    if (n <= 0) continue;
    const auto size = static_cast<std::size_t>(n);
    on_the_way.push_back({leaves(direction, size) + delay_.load(), {buffer, size}});
    size_on_the_way += size;
  }
  if (!session.cut) shutdown(to, SHUT_WR);  // an orderly end goes on as one
  if (--session.pumps == 0) {
    if (session.cut) {
      close_with_reset(session.client);
      close_with_reset(session.server);
    } else {
      close(session.client);
      close(session.server);
    }
  }
}

}  // namespace wherry::tests
