"""The walk-through: the whole main job on a generated hospital, told in plain words (`story`)."""
