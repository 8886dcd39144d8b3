// The contract of object stores over directories.

#include <memory>

#include <unistd.h>

#include "stores/file/store.h"
#include "tests/contract/object_store_suite.h"
#include "tests/support/program.h"

namespace wherry::contract_tests {
namespace {

class FilePlace final : public ObjectPlace {
 public:
  contract::ObjectStore& store() override { return store_; }

 private:
  tests::TemporaryDirectory folder_{"objects"};
  stores::file::Store store_{folder_.path() / "tree", {::geteuid() == 0}};
};

std::unique_ptr<ObjectPlace> make_file_place() { return std::make_unique<FilePlace>(); }

INSTANTIATE_TEST_SUITE_P(File, ObjectStoreContract, testing::Values(&make_file_place));

}  // namespace
}  // namespace wherry::contract_tests
