"""How many checks of outputs a project may ask for on a day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One field more."""

    dependencies = [
        ('studies', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='studyroom',
            name='checks_a_day',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
