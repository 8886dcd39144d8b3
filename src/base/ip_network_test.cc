#include "base/ip_network.h"

#include <gtest/gtest.h>

namespace wherry::base {
namespace {

bool contains(std::string_view network, std::string_view address) {
  return IpNetwork::parse(network).value().contains(IpNetwork::parse(address).value());
}

TEST(IpNetwork, is_an_address_or_a_network_of_either_version) {
  for (const char* good :
       {"10.0.0.5", "10.1.0.0/16", "0.0.0.0/0", "fd00::1", "fd00::/8", "::ffff:10.0.0.5"}) {
    ASSERT_TRUE(IpNetwork::parse(good)) << good;
    EXPECT_EQ(IpNetwork::parse(good)->text(), good);
  }
  for (const char* bad : {"", "10.0.0", "10.0.0.5/33", "10.0.0.5/", "10.0.0.5/-1", "10.0.0.5/8x",
                          "db1.example.com", "fd00::/129", "10.0.0.5 ; flush ruleset"}) {
    EXPECT_FALSE(IpNetwork::parse(bad)) << bad;
  }
}

TEST(IpNetwork, holds_its_own_addresses_only) {
  EXPECT_TRUE(contains("10.0.0.5", "10.0.0.5"));
  EXPECT_FALSE(contains("10.0.0.5", "10.0.0.6"));
  EXPECT_TRUE(contains("10.1.0.0/16", "10.1.255.3"));
  EXPECT_FALSE(contains("10.1.0.0/16", "10.2.0.3"));
  EXPECT_FALSE(contains("10.1.0.0/16", "10.0.0.0/8"));
  EXPECT_TRUE(contains("0.0.0.0/0", "127.0.0.1"));
  EXPECT_FALSE(contains("0.0.0.0/0", "fd00::1"));
  EXPECT_TRUE(contains("fd00::/9", "fd7f::1"));
  EXPECT_FALSE(contains("fd00::/9", "fd80::1"));
}

TEST(IpNetwork, of_version_4_is_the_same_in_version_6) {
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.0.0.7"));
  EXPECT_TRUE(IpNetwork::parse("10.0.0.0/8")->is_v4());
  EXPECT_FALSE(IpNetwork::parse("fd00::/8")->is_v4());
}

}  // namespace
}  // namespace wherry::base
