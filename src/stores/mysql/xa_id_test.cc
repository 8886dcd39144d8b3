#include "stores/mysql/xa_id.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

TEST(XaId, is_read_from_the_statements_of_the_log) {
  const auto start = read_xa_statement("XA START X'6162',X'00ff',7");
  EXPECT_EQ(start.verb, XaStatement::Verb::start);
  EXPECT_EQ(start.id.global_id, "ab");
  EXPECT_EQ(start.id.branch_id, std::string("\0\xff", 2));
  EXPECT_EQ(start.id.format, 7U);
  EXPECT_EQ(start.id.text(), "X'6162',X'00ff',7");
  EXPECT_EQ(read_xa_statement("XA END X'61',X'',1").verb, XaStatement::Verb::end);
  EXPECT_EQ(read_xa_statement("XA COMMIT X'61',X'',1").verb, XaStatement::Verb::commit);
  EXPECT_EQ(read_xa_statement("XA ROLLBACK X'61',X'',1").verb, XaStatement::Verb::rollback);
}

TEST(XaId, is_the_same_in_statements_and_in_events) {
  wire::mysql::XaPrepare event;
  event.format = 0xffffffff;
  event.global_id = "ab";
  EXPECT_EQ(XaId::of(event), read_xa_statement("XA COMMIT X'6162',X'',4294967295").id);
  EXPECT_EQ(XaId::of(event), read_xa_statement("XA COMMIT X'6162',X'',18446744073709551615").id)
      << "a negative format, of eight bytes";
}

TEST(XaId, anything_else_is_refused) {
  for (const char* statement :
       {"XA COMMIT 'a'", "XA COMMIT X'61',X'',1 ONE PHASE", "XA COMMIT X'61',X''",
        "XA COMMIT X'6',X'',1", "XA COMMIT X'61", "XA RECOVER", "XA COMMIT X'61',X'',"}) {
    try {
      (void)read_xa_statement(statement);
      ADD_FAILURE() << statement;
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), "source.xa_statement") << statement;
    }
  }
}

}  // namespace
}  // namespace wherry::stores::mysql
