// stands in for the built panel where a test has none
