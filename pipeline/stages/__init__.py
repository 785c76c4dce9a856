"""The list of stages: a stage exists by its line here. The order is the order in which runs normally use them."""

from pipeline.stages.drop_near_duplicates import DropNearDuplicates
from pipeline.stages.fix_encoding import FixEncoding
from pipeline.stages.identify_language import IdentifyLanguage
from pipeline.stages.repair_translation import RepairTranslation
from pipeline.stages.strip_boilerplate import StripBoilerplate
from pipeline.stages.strip_repeated_lines import StripRepeatedLines

STAGES = {
    "fix_encoding": FixEncoding,
    "identify_language": IdentifyLanguage,
    "strip_boilerplate": StripBoilerplate,
    "strip_repeated_lines": StripRepeatedLines,
    "repair_translation": RepairTranslation,
    "drop_near_duplicates": DropNearDuplicates,
}
