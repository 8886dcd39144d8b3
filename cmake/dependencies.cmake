# Every outside library, as the imported target a folder names in DEPS. All are Debian 12 packages (scripts/install-deps).
#
#   fmt::fmt  spdlog::spdlog  Boost::headers  Boost::url  OpenSSL::SSL  OpenSSL::Crypto  SQLite::SQLite3  yaml-cpp
#   nlohmann_json::nlohmann_json  CLI11::CLI11  ZLIB::ZLIB  zstd::libzstd_shared  GTest::gtest  GTest::gmock
#   PkgConfig::mariadb  PkgConfig::xxhash  PkgConfig::acl  PkgConfig::re2  PkgConfig::b2

find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS headers url)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 3.38 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(zstd REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(mariadb REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(acl REQUIRED IMPORTED_TARGET libacl)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(b2 REQUIRED IMPORTED_TARGET libb2)
if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()

# Debian's 1.81 ships Boost.URL; folders that only need headers name Boost::headers.
