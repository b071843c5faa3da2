"""Everything HTTP that the services share: the application, problem documents, dependencies, pages."""
