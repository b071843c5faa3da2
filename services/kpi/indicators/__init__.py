"""The indicators (考核指标): what each measures, its formula over facts, unit, direction and owner, all as data."""
