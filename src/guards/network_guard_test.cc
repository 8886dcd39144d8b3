// In a network of its own, where that can be had: real rules, real connections.

#include "guards/network_guard.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/code_of.h"
#include "base/error.h"
#include "guards/network_rules.h"

namespace wherry::guards {
namespace {

using base::code_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

std::vector<base::IpNetwork> networks(const std::vector<std::string>& texts) {
  std::vector<base::IpNetwork> out;
  for (const auto& text : texts) out.push_back(base::IpNetwork::parse(text).value());
  return out;
}

TEST(NetworkRules, name_the_port_and_who_is_let_in) {
  EXPECT_EQ(network_rules("wherry_shop_source", 3306, networks({"10.0.0.5", "fd00::/8"}),
                          Refuse::everything),
            "add table inet wherry_shop_source\n"
            "delete table inet wherry_shop_source\n"
            "table inet wherry_shop_source {\n"
            "  chain strangers {\n"
            "    ip saddr 10.0.0.5 accept\n"
            "    ip6 saddr fd00::/8 accept\n"
            "    tcp flags rst accept\n"
            "    reject with tcp reset\n"
            "  }\n"
            "  chain input {\n"
            "    type filter hook input priority -1; policy accept;\n"
            "    tcp dport 3306 jump strangers\n"
            "  }\n"
            "}\n");
}

TEST(NetworkRules, strangers_are_told_from_those_who_are_let_in) {
  const std::string connections =
      "ESTAB 0 0 10.0.0.1:3306 10.0.0.5:40000\n"
      "ESTAB 0 0 [::ffff:10.0.0.1]:3306 [::ffff:10.0.0.7]:40001\n"
      "SYN-RECV 0 0 [fe80::1%eth0]:3306 [fe80::7%eth0]:40002\n"
      "ESTAB 0 0 [::ffff:10.0.0.1]:3306 [::ffff:10.0.0.5]:40003\n";
  EXPECT_THAT(strangers_among(connections, networks({"10.0.0.5"})),
              ElementsAre("[::ffff:10.0.0.7]:40001", "[fe80::7%eth0]:40002"));
  EXPECT_THAT(strangers_among(connections, networks({"10.0.0.0/24", "fe80::/10"})), IsEmpty());
  EXPECT_THAT(strangers_among("", {}), IsEmpty());
}

// A connection of TCP; closed at the end.
class Socket {
 public:
  explicit Socket(int number) : number_(number) {
    const timeval patience{1, 0};
    ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool says(const std::string& text) const {
    return ::send(number_, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  // What comes within a second; "" if nothing does, or it is closed.
  std::string hears() const {
    char text[64];
    const ssize_t size = ::recv(number_, text, sizeof text, 0);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "";
  }

 private:
  int number_;
};

sockaddr_in address(const char* host, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &out.sin_addr);
  return out;
}

constexpr std::uint16_t port = 3306;

// Nothing: it is refused.
std::optional<Socket> connect_from(const char* host) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto from = address(host, 0);
  const auto to = address("127.0.0.1", port);
  EXPECT_EQ(::bind(socket.number(), reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return std::nullopt;
  }
  return socket;
}

class NetworkGuardHere : public testing::Test {
 protected:
  // For this thread, and for those that it starts and the programs.
  static void SetUpTestSuite() {
    if (std::system("PATH=$PATH:/usr/sbin command -v nft ss ip >/dev/null") != 0) {
      missing = "nft, ss and ip are not installed";
    } else if (::unshare(CLONE_NEWNET) != 0) {
      missing = std::string("no network of its own can be had: ") + std::strerror(errno);
    } else if (std::system("PATH=$PATH:/usr/sbin; ip link set lo up && "
                           "nft add table inet tried && nft delete table inet tried") != 0) {
      missing = "the kernel takes no rules of nftables";
    }
  }
  void SetUp() override {
    if (!missing.empty()) GTEST_SKIP() << missing;
    listening.emplace(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(listening->number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto at = address("0.0.0.0", port);
    ASSERT_EQ(::bind(listening->number(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(listening->number(), 10), 0);
  }
  void TearDown() override {
    if (missing.empty()) std::system("PATH=$PATH:/usr/sbin nft flush ruleset");
  }
  Socket accepted() const {
    return Socket(::accept4(listening->number(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  static NetworkGuard guard(const std::vector<std::string>& allowed = {"127.0.0.5"},
                            const std::string& host = "local", const std::string& server = "") {
    return NetworkGuard({"shop", "source", server, port}, Host(host), networks(allowed));
  }
  static bool has_rules() {
    return std::system(
               "PATH=$PATH:/usr/sbin nft list table inet wherry_shop_source >/dev/null 2>&1") == 0;
  }

  static std::string missing;
  std::optional<Socket> listening;
};
std::string NetworkGuardHere::missing;

TEST_F(NetworkGuardHere, lets_in_who_is_allowed_and_nobody_else_until_it_is_lowered) {
  auto here = guard();
  EXPECT_THAT(here.assess(), IsEmpty());
  EXPECT_FALSE(has_rules()) << "to look changes nothing";
  const auto undo = here.look();
  here.raise(undo, {});
  here.raise(undo, {});
  EXPECT_FALSE(connect_from("127.0.0.7"));
  EXPECT_TRUE(connect_from("127.0.0.5"));
  EXPECT_THAT(here.drain(0ms, {}), IsEmpty());
  EXPECT_FALSE(connect_from("127.0.0.7"));
  EXPECT_TRUE(connect_from("127.0.0.5"));
  here.lower(undo, {});
  here.lower(undo, {});
  EXPECT_FALSE(has_rules());
  EXPECT_TRUE(connect_from("127.0.0.7"));
}

TEST_F(NetworkGuardHere, who_is_connected_may_end_what_he_does_and_is_cut_off_then) {
  auto here = guard();
  const auto stranger = connect_from("127.0.0.7");
  const auto at_stranger = accepted();
  const auto own = connect_from("127.0.0.5");
  const auto at_own = accepted();
  ASSERT_TRUE(stranger && own);
  here.raise(here.look(), {});
  EXPECT_TRUE(stranger->says("COMMIT"));
  EXPECT_EQ(at_stranger.hears(), "COMMIT");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(here.drain(300ms, {}), IsEmpty());
  EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
  static_cast<void>(stranger->says("more"));
  EXPECT_EQ(at_stranger.hears(), "");
  EXPECT_FALSE(stranger->says("and more"));
  EXPECT_TRUE(own->says("on"));
  EXPECT_EQ(at_own.hears(), "on");
}

TEST_F(NetworkGuardHere, is_up_as_soon_as_who_was_connected_has_gone) {
  auto here = guard();
  std::optional<Socket> stranger = connect_from("127.0.0.7");
  std::optional<Socket> at_stranger = accepted();
  here.raise(here.look(), {});
  std::jthread leaves([&] {
    std::this_thread::sleep_for(300ms);
    stranger.reset();
    at_stranger.reset();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(here.drain(30s, {}), IsEmpty());
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST_F(NetworkGuardHere, that_was_taken_away_does_not_hold) {
  auto here = guard();
  here.raise(here.look(), {});
  std::system("PATH=$PATH:/usr/sbin nft flush ruleset");
  EXPECT_EQ(code_of([&] { return here.drain(0ms, {}); }), "guard.host_refuses");
}

TEST_F(NetworkGuardHere, tells_what_is_in_the_way) {
  listening.reset();
  const auto findings = guard().assess();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].code, "guard.host_refuses");
  EXPECT_EQ(findings[0].severity, model::Severity::blocker);
  EXPECT_THAT(findings[0].why, HasSubstr("nothing listens on port 3306"));
}

TEST_F(NetworkGuardHere, tells_when_wherry_itself_is_not_let_through) {
  auto shuts_out = guard({"127.0.0.5"}, "local", "127.0.0.1");
  ASSERT_THAT(shuts_out.assess(), SizeIs(1));
  EXPECT_EQ(shuts_out.assess()[0].code, "guard.own_address");
  EXPECT_THAT(guard({"127.0.0.0/8"}, "local", "127.0.0.1").assess(), IsEmpty());
}

// A program of ours in the place of another; it notes how it was called.
class WithOtherPrograms : public NetworkGuardHere {
 public:
  ~WithOtherPrograms() override {
    ::setenv("PATH", path.c_str(), 1);
    std::filesystem::remove_all(folder);
  }

 protected:
  WithOtherPrograms() { std::filesystem::create_directory(folder); }
  void in_place_of(const std::string& name, const std::string& body) const {
    std::ofstream(folder / name) << "#!/bin/sh\necho \"$*\" >>" << (folder / "called").string()
                                 << "\n"
                                 << body << "\n";
    std::filesystem::permissions(folder / name, std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder.string() + ":" + path).c_str(), 1);
  }

  const std::string path = std::getenv("PATH");
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("wherry-ssh-" + std::to_string(::getpid()));
};

TEST_F(WithOtherPrograms, it_does_the_same_on_another_machine_by_ssh) {
  in_place_of("ssh", "for last; do :; done; exec /bin/sh -c \"$last\"");
  auto there = guard({"127.0.0.5"}, "root@db1");
  EXPECT_THAT(there.assess(), IsEmpty());
  const auto undo = there.look();
  EXPECT_THAT(undo.statements, ElementsAre(HasSubstr("as root on root@db1")));
  there.raise(undo, {});
  EXPECT_FALSE(connect_from("127.0.0.7"));
  EXPECT_THAT(there.drain(0ms, {}), IsEmpty());
  const auto calls = [&] {
    std::ifstream in(folder / "called");
    return std::count(std::istreambuf_iterator<char>(in), {}, '\n');
  };
  const auto before = calls();
  // It is lowered where it was raised.
  guard({"127.0.0.5"}, "local").lower(undo, {});
  EXPECT_EQ(calls(), before + 1);
  EXPECT_TRUE(connect_from("127.0.0.7"));
  std::ifstream called(folder / "called");
  for (std::string line; std::getline(called, line);) {
    EXPECT_THAT(line, HasSubstr("-o BatchMode=yes -o ConnectTimeout=5 -- root@db1 "));
  }
}

TEST_F(WithOtherPrograms, a_machine_that_is_not_reached_is_told) {
  in_place_of("ssh", "echo 'Permission denied (publickey).' >&2; exit 255");
  auto there = guard({}, "root@db1");
  const auto findings = there.assess();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].code, "guard.host_unreachable");
  EXPECT_THAT(findings[0].why, HasSubstr("Permission denied"));
  try {
    there.lower(there.look(), {});
    FAIL() << "it was reached";
  } catch (const base::Error& error) {
    EXPECT_TRUE(error.may_retry()) << "it may be reached again";
  }
}

// A kernel that closes no connections: it is told, and nothing more comes through.
TEST_F(WithOtherPrograms, who_cannot_be_cut_off_is_told_and_not_heard_any_more) {
  in_place_of("ss", "case $1 in *K*) exit 0;; esac; exec /usr/bin/ss \"$@\"");
  auto here = guard();
  const auto stranger = connect_from("127.0.0.7");
  const auto at_stranger = accepted();
  ASSERT_TRUE(stranger);
  here.raise(here.look(), {});
  const auto left = here.drain(0ms, {});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_THAT(left[0].who, HasSubstr("127.0.0.7:"));
  static_cast<void>(stranger->says("COMMIT"));
  EXPECT_EQ(at_stranger.hears(), "");
}

}  // namespace
}  // namespace wherry::guards
