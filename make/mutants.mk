# Tests of the tests: latch with one deliberate hole at a time (selftests/mutants). MUTANTS names some
# of them, by the beginning of their names: `make test-mutants MUTANTS="01 06"`.

.PHONY: test-mutants
test-mutants: deps-test ## show that a named test fails for each deliberate hole (tens of minutes)
	@selftests/mutants/run $(MUTANTS)
